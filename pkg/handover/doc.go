// SPDX-License-Identifier: Apache-2.0

// Package handover takes an envelope out of a pod in the termination messages of its containers, so that what makes a
// key needs no token of the API server and no way over the network. The kubelet keeps few bytes of them, so an
// envelope is packed, and a large one is divided among up to MaxParts containers.
//
// A message is a line that says what it is:
//
//	peernode.dev/key-handover v1 part 2/3 sha256:<of the envelope's text> <base64>
//
// Everything in it is public or sealed. That the parts belong together is checked by the sum; who made the envelope is
// not proved by it, as by nothing else in an envelope (pkg/seal).
package handover
