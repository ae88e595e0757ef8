// SPDX-License-Identifier: Apache-2.0

package unseal

import "strings"

// Unreachable is the reason of a companion to which no unsealer has answered.
const Unreachable Reason = "UnsealerUnreachable"

// MayPass reports whether the last word of a companion, which begins with the reason, tells of something that can pass
// by itself.
func MayPass(lastWord string) bool {
	reason, _, _ := strings.Cut(lastWord, ":")
	status, known := statuses[Reason(reason)]
	return Reason(reason) == Unreachable || known && status != StatusRefused
}
