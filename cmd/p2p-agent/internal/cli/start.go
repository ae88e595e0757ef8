// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"io"
	"log/slog"
	"os/signal"
	"syscall"

	"github.com/libp2p/go-libp2p/gologshim"
	"github.com/spf13/cobra"

	"github.com/peernode/operator/cmd/p2p-agent/internal/agent"
	"github.com/peernode/operator/cmd/p2p-agent/internal/config"
)

const defaultConfigFile = "/etc/p2p-agent/config/agent.yaml"

func newStart() *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "start",
		Short: "Run the agent until SIGTERM or SIGINT",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := config.Load(file)
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(c.Context(), syscall.SIGTERM, syscall.SIGINT)
			defer stop()
			return agent.Run(ctx, cfg, newLog(c.ErrOrStderr(), cfg.Agent.LogLevel))
		},
	}
	c.Flags().StringVar(&file, "config", defaultConfigFile, "configuration file")
	return c
}

// newLog makes the agent and libp2p write into one JSON log. libp2p warns of
// ordinary events on an open network, so it is heard one level later. What other
// libraries print by the log package (quic-go does) joins them through the default.
func newLog(w io.Writer, level string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo // cannot happen: the configuration was validated
	}
	gologshim.SetDefaultHandler(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: l + 4}))
	log := slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: l}))
	slog.SetDefault(log)
	return log
}

func newConfig() *cobra.Command {
	var file string
	validate := &cobra.Command{
		Use:   "validate",
		Short: "Check the configuration file and name everything that is wrong",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if _, err := config.Load(file); err != nil {
				return err
			}
			_, err := fmt.Fprintf(c.OutOrStdout(), "%s is valid\n", file)
			return err
		},
	}
	validate.Flags().StringVar(&file, "config", defaultConfigFile, "configuration file")
	return group("config", "Work with the configuration file", validate)
}
