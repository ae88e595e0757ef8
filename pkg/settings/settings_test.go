// SPDX-License-Identifier: Apache-2.0

package settings_test

import (
	"testing"

	"github.com/peernode/operator/pkg/settings"
)

func TestTheOperatorWorksWhereItIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		namespaces []string
		want       bool
	}{
		"Everywhere, as nothing is said.": {nil, true},
		"Here alone.":                     {[]string{"peers"}, true},
		"Here and elsewhere.":             {[]string{"elsewhere", "peers"}, true},
		"Elsewhere.":                      {[]string{"elsewhere"}, false},
	} {
		if got := (settings.Operator{Namespaces: c.namespaces}).Watches("peers"); got != c.want {
			t.Errorf("%s Watches = %v, want %v", name, got, c.want)
		}
	}
}
