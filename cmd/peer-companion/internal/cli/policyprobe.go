// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"log/slog"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/peernode/operator/cmd/peer-companion/internal/policyprobe"
	"github.com/peernode/operator/pkg/enforcement"
)

func newPolicyProbe(s Streams) *cobra.Command {
	probe := policyprobe.Probe{}
	c := &cobra.Command{
		Use:   "policy-probe",
		Short: "Show the operator whether NetworkPolicies are enforced",
		Long: "Show the operator whether NetworkPolicies are enforced (docs/network-policies.md): answer on two ports, of which\n" +
			"a policy opens one to the operator, and try to get out, which the policy forbids. Logs go to the standard error.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(c.Context(), syscall.SIGTERM, syscall.SIGINT)
			defer stop()
			probe.Log = slog.New(slog.NewJSONHandler(s.Err, nil))
			return probe.Run(ctx)
		},
	}
	c.Flags().StringVar(&probe.Open, "open", fmt.Sprintf(":%d", enforcement.OpenPort), "address of the port that the policy opens to the operator")
	c.Flags().StringVar(&probe.Closed, "closed", fmt.Sprintf(":%d", enforcement.ClosedPort), "address of the port that it closes")
	return c
}
