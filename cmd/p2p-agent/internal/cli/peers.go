// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/peernode/operator/cmd/p2p-agent/internal/api"
)

const requestTimeout = 5 * time.Second

func newPeers() *cobra.Command {
	var address, output string
	c := &cobra.Command{
		Use:   "peers",
		Short: "List the connected peers of a running agent",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if output != "table" && output != "json" {
				return fmt.Errorf("--output %q is not one of table, json", output)
			}
			list, err := fetchPeers(c.Context(), address)
			if err != nil {
				return err
			}
			if output == "json" {
				return printJSON(c.OutOrStdout(), list)
			}
			return printTable(c.OutOrStdout(), list, time.Now())
		},
	}
	c.Flags().StringVar(&address, "address", "127.0.0.1:8080", "HOST:PORT of monitoring.health.listen")
	c.Flags().StringVarP(&output, "output", "o", "table", "table or json")
	return c
}

func fetchPeers(ctx context.Context, address string) (api.PeerList, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+api.PeersPath, nil)
	if err != nil {
		return api.PeerList{}, fmt.Errorf("--address %q: %w", address, err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return api.PeerList{}, fmt.Errorf("no agent answers (is it running, and is --address its monitoring.health.listen?): %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return api.PeerList{}, fmt.Errorf("%s answered %s", request.URL, response.Status)
	}
	var list api.PeerList
	if err := json.NewDecoder(response.Body).Decode(&list); err != nil {
		return api.PeerList{}, fmt.Errorf("%s did not answer as a p2p-agent: %w", request.URL, err)
	}
	return list, nil
}

func printTable(out io.Writer, list api.PeerList, now time.Time) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PEER ID\tNAME\tDIRECTION\tTRANSPORT\tRTT\tSEQUENCE\tCONNECTED\tADDRESSES")
	for _, p := range list.Peers {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", p.PeerID, orDash(p.Name), p.Direction, p.Transport,
			roundTrip(p.RTTMillis), p.Sequence, now.Sub(p.ConnectedSince).Round(time.Second), strings.Join(p.Addresses, ","))
	}
	return w.Flush()
}

func roundTrip(millis *float64) string {
	if millis == nil {
		return "-"
	}
	return fmt.Sprintf("%.1fms", *millis)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
