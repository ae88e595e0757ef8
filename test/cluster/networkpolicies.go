// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	// policyTable is what the nftables tables are called that bring packets to the judge of NetworkPolicies.
	policyTable = "peernode-policies"
	// policyQueue is the queue that they wait in. Its number has no meaning; a machine's own programs use low ones.
	policyQueue = 10244
	// packetQueues lists the queues that a program reads, one a line, beginning with its number.
	packetQueues = "/proc/net/netfilter/nfnetlink_queue"
)

// networkPolicies judges the first packet of every connection of a pod.
func (n *FullNode) networkPolicies() (program, error) {
	kubeconfig, err := n.componentKubeconfig("network-policies")
	if err != nil {
		return program{}, err
	}
	return program{
		name: "network-policies",
		path: filepath.Join(n.bin, "network-policies"),
		args: []string{"-kubeconfig", kubeconfig, "-node", NodeName, "-nri", n.paths.nriSock(), "-pod-network", podNetwork,
			"-table", policyTable, "-queue", strconv.Itoa(policyQueue)},
		grace: 2 * time.Second,
		ready: func(context.Context) error { return queueIsRead(policyQueue) },
	}, nil
}

// queueIsRead fails as long as no program reads the queue.
func queueIsRead(number int) error {
	file, err := os.Open(packetQueues)
	if err != nil {
		return fmt.Errorf("see who judges packets: %w", err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) > 0 && fields[0] == strconv.Itoa(number) {
			return nil
		}
	}
	return fmt.Errorf("no program judges packets (queue %d)", number)
}
