// SPDX-License-Identifier: Apache-2.0

package names_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/peernode/operator/pkg/names"
)

var (
	zurich = time.FixedZone("CET", 60*60)
	night  = time.Date(2026, 11, 27, 1, 30, 0, 0, zurich)
)

func TestARunIsNamedAfterItsPeerAndItsTimeInUTC(t *testing.T) {
	for want, got := range map[string]string{
		"alpha-backup":               names.BackupSchedule(named("alpha")),
		"alpha-20261127-0030":        names.ScheduledBackup("alpha", night),
		"alpha-20261127-0030-d54523": names.RequestedBackup("alpha", "some-uid", night),
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// backupName is the rule on the names of PeerBackups.
var backupName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)

func TestNamesOfRunsFitWhateverThePeerIsCalled(t *testing.T) {
	seen := map[string]bool{}
	for _, peer := range []string{"a", strings.Repeat("a", 31), strings.Repeat("a", 32), longest, longest[:51] + "b", strings.Repeat("a", 23) + strings.Repeat("-", 20) + "a"} {
		for _, name := range []string{names.BackupSchedule(named(peer)), names.ScheduledBackup(peer, night), names.RequestedBackup(peer, "some-uid", night), names.RequestedBackup(peer, "another", night)} {
			if len(name) > 52 || !backupName.MatchString(name) {
				t.Errorf("%s, of %d letters, is no name", name, len(name))
			}
			if seen[name] {
				t.Errorf("%s names two things", name)
			}
			seen[name] = true
		}
	}
}
