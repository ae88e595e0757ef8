// SPDX-License-Identifier: Apache-2.0

// Command judge reads policies and connections as JSON and says of each connection whether the policies let it through.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/peernode/operator/test/firewall"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "judge:", err)
		os.Exit(1)
	}
}

func run() error {
	var asked struct {
		Policies    []*networkingv1.NetworkPolicy `json:"policies"`
		Connections []firewall.Connection         `json:"connections"`
	}
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		return fmt.Errorf("read what is asked: %w", err)
	}
	judge := firewall.NewJudge(asked.Policies)
	through := make([]bool, 0, len(asked.Connections))
	for _, c := range asked.Connections {
		through = append(through, judge.LetsOut(c) && judge.LetsIn(c))
	}
	if err := json.NewEncoder(os.Stdout).Encode(through); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	return nil
}
