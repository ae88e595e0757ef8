// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bufio"
	"os"
	"slices"
	"strings"
	"testing"
)

// honoured are the fields of the security guide that do something, or that
// confirm what is always so. Every other field must be refused by name.
var honoured = []string{
	"identity.key_type",
	"identity.key_strength",
	"identity.storage.location",
	"peers.allowed_peers",
	"peers.require_authentication",
	"peers.trust_level",
	"security.communication.encryption",
	"security.communication.certificate_verification",
	"security.messages.signing",
	"security.messages.max_age",
	"security.ddos.enabled",
	"security.ddos.rate_limit",
	"security.ddos.burst_limit",
	"security.ddos.blacklist_duration",
	"security.data.transport_encryption",
	"security.data.perfect_forward_secrecy",
	"monitoring.metrics.security",
}

func TestEveryFieldOfTheGuideIsHonouredOrRefusedByName(t *testing.T) {
	leaves := guideLeaves(t)
	if len(leaves) < 90 {
		t.Fatalf("the guide has 93 fields, testdata has %d", len(leaves))
	}
	for path, value := range leaves {
		t.Run(path, func(t *testing.T) {
			_, err := Parse([]byte(nest(path, value)))
			switch {
			case path == "peers.allowed_peers":
				// The guide's QmPeer1 is a placeholder, not a peer ID.
				if err == nil || !strings.Contains(err.Error(), `peers.allowed_peers[0]: "QmPeer1" is not a peer ID`) {
					t.Errorf("got %v", err)
				}
			case slices.Contains(honoured, path):
				if err != nil {
					t.Errorf("honoured field refused: %v", err)
				}
			default:
				expectRefusal(t, path, err)
			}
		})
	}
	for _, path := range honoured {
		if _, ok := leaves[path]; !ok {
			t.Errorf("%s is not in the guide", path)
		}
	}
}

// expectRefusal wants the field, or the section it is in, with its own reason.
func expectRefusal(t *testing.T, path string, err error) {
	t.Helper()
	if err == nil {
		t.Fatal("accepted, though nothing acts upon it")
	}
	for _, r := range Refusals() {
		if (r.Path == path || strings.HasPrefix(path, r.Path+".")) && strings.Contains(err.Error(), r.Path+": "+r.Reason) {
			return
		}
	}
	t.Errorf("not refused with a reason of the table: %v", err)
}

func TestEachRefusalCanHappen(t *testing.T) {
	for _, r := range Refusals() {
		_, err := Parse([]byte(nest(r.Path, "x")))
		if err == nil || !strings.Contains(err.Error(), r.Path+": "+r.Reason) {
			t.Errorf("%s: got %v", r.Path, err)
		}
	}
}

func guideLeaves(t *testing.T) map[string]string {
	t.Helper()
	f, err := os.Open("testdata/guide-leaves.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	leaves := map[string]string{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if path, value, ok := strings.Cut(lines.Text(), " = "); ok {
			leaves[path] = value
		}
	}
	return leaves
}

// nest writes a.b.c with its value as nested YAML.
func nest(path, value string) string {
	var b strings.Builder
	keys := strings.Split(path, ".")
	for depth, key := range keys {
		b.WriteString(strings.Repeat("  ", depth) + key + ":")
		if depth == len(keys)-1 {
			b.WriteString(" " + value)
		}
		b.WriteString("\n")
	}
	return b.String()
}
