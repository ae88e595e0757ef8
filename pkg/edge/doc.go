// SPDX-License-Identifier: Apache-2.0

// Package edge decides for the sidecar that serves a peer's API to the outside (peer-companion edge): what its document
// may say, which request may pass, whose it is, and who has had too many.
//
// It judges a request by the very bytes that would be forwarded. What two programs could read in two ways (an encoded
// slash, a dot segment, a second Host) is refused and never tidied up: a peer such as Convex takes whoever comes from
// its own pod for its administrator, so one reading that differs gives the peer away.
package edge
