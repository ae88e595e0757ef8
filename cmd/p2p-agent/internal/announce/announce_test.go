// SPDX-License-Identifier: Apache-2.0

package announce

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		yaml    string
		want    []string
		wantErr string
	}{
		"each transport": {
			yaml: "announce: [/ip4/203.0.113.7/tcp/8000, /ip6/2001:db8::7/tcp/8001/ws, /dns/peer.example.com/udp/8002/quic-v1]",
			want: []string{"/ip4/203.0.113.7/tcp/8000", "/ip6/2001:db8::7/tcp/8001/ws", "/dns/peer.example.com/udp/8002/quic-v1"},
		},
		"nothing":                         {yaml: "announce: []"},
		"an empty file is an accident":    {yaml: " \n", wantErr: "the file is empty"},
		"a file of comments":              {yaml: "# gone\n", wantErr: "the file is empty"},
		"an unknown field":                {yaml: "addresses: []", wantErr: "want only announce"},
		"a host and a port":               {yaml: "announce: [/ip4/203.0.113.7/tcp/8000, 'peer.example.com:8000']", wantErr: `announce[1]: "peer.example.com:8000" must be a host with a transport`},
		"a transport that there is not":   {yaml: "announce: [/ip4/203.0.113.7/udp/8002/webrtc-direct]", wantErr: "announce[0]"},
		"an address without a port":       {yaml: "announce: [/dns/peer.example.com]", wantErr: "announce[0]"},
		"a peer ID, which libp2p adds":    {yaml: "announce: [/ip4/203.0.113.7/tcp/8000/p2p/12D3KooWEaKdP2boYMwrTm1kgTaYnKCkWS88sfELZP3naqrR8G5v]", wantErr: "announce[0]"},
		"a relay, which the agent is not": {yaml: "announce: [/p2p-circuit]", wantErr: "announce[0]"},
	} {
		t.Run(name, func(t *testing.T) {
			addresses, err := Parse([]byte(c.yaml))
			if c.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), c.wantErr) {
					t.Fatalf("got %v, want %q", err, c.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, a := range addresses {
				got = append(got, a.String())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
