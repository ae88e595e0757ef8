// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	sidecar "github.com/peernode/operator/cmd/peer-companion/internal/edge"
	"github.com/peernode/operator/pkg/edge"
)

// maxDocument is far more than the document of an edge has.
const maxDocument = 1 << 20

func newEdge(s Streams) *cobra.Command {
	var config string
	c := &cobra.Command{
		Use:   "edge --config FILE",
		Short: "Serve a peer's API to the outside: TLS, limits, and only the routes that are good for everybody",
		Long: "Serve a peer's API to the outside, beside the peer (docs/edge.md). The access log goes to the standard output,\n" +
			"the edge's own log to the standard error, both in JSON.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return runEdge(c.Context(), config, s) },
	}
	c.Flags().StringVar(&config, "config", "", "file with the document of the edge, in YAML or JSON")
	return required(c, "config")
}

func runEdge(ctx context.Context, path string, s Streams) error {
	document, err := readFile(path, s, func(r io.Reader) ([]byte, error) { return io.ReadAll(io.LimitReader(r, maxDocument)) })
	if err != nil {
		return fmt.Errorf("the document of the edge: %w", err)
	}
	parsed, err := edge.Parse(document)
	if err != nil {
		return fmt.Errorf("the document of the edge, %s:\n%w", path, err)
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	e := sidecar.Edge{
		Config: parsed,
		Log:    slog.New(slog.NewJSONHandler(s.Err, nil)),
		Access: slog.New(slog.NewJSONHandler(s.Out, nil)),
	}
	return e.Run(ctx)
}
