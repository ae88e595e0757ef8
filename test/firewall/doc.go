// SPDX-License-Identifier: Apache-2.0

// Package firewall proves what the NetworkPolicies of peers let through, by an engine that this project has no part in: the
// matcher of cyclonus. A module of its own, because that engine needs far more than any other test; tests of other modules ask
// the program in judge.
package firewall
