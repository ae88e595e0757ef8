// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"strings"
)

// absentCommands are the commands that the guides show and this agent does not
// have, with what to use instead. A command that claims to scan, recover or shut
// down safely and does not would be dangerous.
var absentCommands = map[string]string{
	"emergency-shutdown":    "stop the process (SIGTERM); under the operator set PeerNode spec.suspend: true, which keeps the data",
	"secure-recovery":       "restore the volume and the key from outside, then check the key with p2p-agent identity verify --expect PEERID",
	"security-scan":         "scan the image and the cluster with a scanner of your choice",
	"check-vulnerabilities": "scan the image with a scanner of your choice; p2p-agent version prints what it is built with",
	"security-report":       "query the metrics auth_failures, invalid_signatures, suspicious_peers and encryption_errors",
	"export-audit-logs":     "collect the JSON log that the agent writes to stderr; it keeps none itself",
	"config init":           "an empty file is a valid configuration; see docs/p2p-agent-contract.md for the fields",
	"config show":           "read the file; p2p-agent config validate checks it",
	"config set":            "edit the file; under the operator edit PeerNode spec.software.p2pAgent",
	"config reload":         "the peer list (peers.file) is reloaded by itself; everything else needs a restart",
	"config check":          "use p2p-agent config validate",
}

// absent returns an error when args call a command of that table.
func absent(args []string) error {
	for _, words := range []int{1, 2} {
		if len(args) < words {
			break
		}
		name := strings.Join(args[:words], " ")
		if instead, ok := absentCommands[name]; ok {
			return fmt.Errorf("p2p-agent %s does not exist; instead: %s", name, instead)
		}
	}
	return nil
}
