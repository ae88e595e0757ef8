// SPDX-License-Identifier: Apache-2.0

package peerlist

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	alpha = "12D3KooWEaKdP2boYMwrTm1kgTaYnKCkWS88sfELZP3naqrR8G5v"
	beta  = "12D3KooWD6DetkQpuBsgNc9WDrtozoiHG97mH24hy51p8m1xxStd"
)

func TestParse(t *testing.T) {
	cases := map[string]struct {
		yaml                                 string
		allowed, bootstrap, siblings, fleets int
		wantErr                              string
	}{
		"both lists":                          {yaml: "allowed_peers: [" + alpha + ", " + beta + "]\nbootstrap: [/dns4/b/tcp/1/p2p/" + beta + "]", allowed: 2, bootstrap: 1},
		"two addresses of one peer":           {yaml: "bootstrap: [/dns4/b/tcp/1/p2p/" + beta + ", /ip4/1.2.3.4/udp/2/quic-v1/p2p/" + beta + "]", bootstrap: 1},
		"a fleet":                             {yaml: "allowed_peers: [" + alpha + ", " + beta + "]\nbootstrap: []\nsiblings: [/dns/a/tcp/1/p2p/" + alpha + ", /dns/b/tcp/1/p2p/" + beta + "]", allowed: 2, siblings: 2},
		"siblings alone":                      {yaml: "siblings: [/dns/a/tcp/1/p2p/" + alpha + "]", siblings: 1},
		"other fleets":                        {yaml: "fleets: {peers/edge: [/dns/a/tcp/1/p2p/" + alpha + "], peers/core: [/dns/b/tcp/1/p2p/" + beta + "]}", fleets: 2},
		"a fleet that has no members yet":     {yaml: "fleets: {peers/edge: []}", fleets: 1},
		"no fleets":                           {yaml: "fleets: {}"},
		"a list that allows nobody":           {yaml: "allowed_peers: []"},
		"a peer twice":                        {yaml: "allowed_peers: [" + alpha + ", " + alpha + "]", allowed: 1},
		"an empty file is an accident":        {yaml: " \n", wantErr: "the file is empty"},
		"a file of comments is an accident":   {yaml: "# gone\n", wantErr: "holds no list"},
		"one bad entry spoils the file":       {yaml: "allowed_peers: [" + alpha + ", bob]", wantErr: `allowed_peers[1]: "bob" is not a peer ID`},
		"an unknown field":                    {yaml: "allow: []", wantErr: "want only allowed_peers, bootstrap and siblings, three lists of strings, and fleets"},
		"a bootstrap address without peer ID": {yaml: "bootstrap: [/dns4/b/tcp/1]", wantErr: "bootstrap[0]"},
		"a sibling without peer ID":           {yaml: "siblings: [/dns/a/tcp/1/p2p/" + alpha + ", /dns/b/tcp/1]", wantErr: `siblings[1]: "/dns/b/tcp/1" must be a multiaddr`},
		"a sibling without address":           {yaml: "siblings: [/p2p/" + beta + "]", wantErr: "siblings[0]"},
		"siblings that are no list":           {yaml: "siblings: " + beta, wantErr: "want only allowed_peers, bootstrap and siblings, three lists of strings, and fleets"},
		"a member without peer ID":            {yaml: "fleets: {peers/edge: [/dns/a/tcp/1/p2p/" + alpha + ", /dns/b/tcp/1/p2p/" + beta + ", /dns/b/tcp/1]}", wantErr: `fleets[peers/edge][2]: "/dns/b/tcp/1" must be a multiaddr`},
		"members in no fleet":                 {yaml: "fleets: [/dns/a/tcp/1/p2p/" + alpha + "]", wantErr: "and fleets, such lists by name"},
		"a fleet that is no list":             {yaml: "fleets: {peers/edge: " + beta + "}", wantErr: "and fleets, such lists by name"},
		"a fleet twice":                       {yaml: "fleets: {peers/edge: [], peers/edge: []}", wantErr: "already defined"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			list, err := Parse([]byte(c.yaml))
			if c.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), c.wantErr) {
					t.Fatalf("got %v, want %q", err, c.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(list.Allowed) != c.allowed || len(list.Bootstrap) != c.bootstrap || len(list.Siblings) != c.siblings || len(list.Fleets) != c.fleets {
				t.Errorf("got %d allowed, %d bootstrap, %d siblings, %d fleets", len(list.Allowed), len(list.Bootstrap), len(list.Siblings), len(list.Fleets))
			}
		})
	}
}

func TestParseReportsEveryWrongMemberInTheSameOrder(t *testing.T) {
	const yaml = "fleets: {c: [x], a: [x, y], b: [/dns/b/tcp/1/p2p/" + beta + ", z]}"
	want := ""
	for range 20 { // maps are gone through in another order each time
		_, err := Parse([]byte(yaml))
		if err == nil {
			t.Fatal("accepted")
		}
		if want == "" {
			want = err.Error()
		}
		if err.Error() != want {
			t.Fatalf("first %q, then %q", want, err)
		}
	}
	var places []string
	for line := range strings.Lines(want) {
		places = append(places, strings.SplitN(line, ":", 2)[0])
	}
	if diff := cmp.Diff([]string{"fleets[a][0]", "fleets[a][1]", "fleets[b][1]", "fleets[c][0]"}, places); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestMergeAndWithoutLeaveTheirInputsAlone(t *testing.T) {
	one, both := []string{"/dns4/b/tcp/1/p2p/" + beta}, []string{"/dns4/b/tcp/1/p2p/" + beta, "/dns4/b/tcp/2/p2p/" + beta}
	a := mustList(t, Entries{AllowedPeers: []string{alpha}, Bootstrap: one, Siblings: one})
	b := mustList(t, Entries{AllowedPeers: []string{beta}, Bootstrap: both, Siblings: both})
	merged := a.Merge(b)
	if len(merged.Allowed) != 2 || len(merged.Bootstrap) != 1 || len(merged.Siblings) != 1 {
		t.Fatalf("merged: %+v", merged)
	}
	for id, addrs := range merged.Bootstrap {
		if len(addrs) != 2 || len(merged.Siblings[id]) != 2 {
			t.Errorf("addresses: %v and %v", addrs, merged.Siblings[id])
		}
		if rest := merged.Without(id); len(rest.Bootstrap) != 0 || len(rest.Siblings) != 0 || len(rest.Allowed) != 1 {
			t.Errorf("without: %+v", rest)
		}
	}
	if len(a.Allowed) != 1 || len(b.Allowed) != 1 || len(merged.Allowed) != 2 || len(merged.Siblings) != 1 {
		t.Error("an input was changed")
	}
}

func mustList(t *testing.T, entries Entries) List {
	t.Helper()
	list, err := New("", entries)
	if err != nil {
		t.Fatal(err)
	}
	return list
}
