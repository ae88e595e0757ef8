// SPDX-License-Identifier: Apache-2.0

// Package seal puts the private key of a peer into an envelope that may lie anywhere: in a Secret, in a bucket, in
// Git. It is text, JSON, with a clear header that says whose key it is and who can open it, and the key itself
// encrypted with age to one or more recipients, any one of whom opens it.
//
// An envelope is bound to a place, {namespace, PeerNode, role, epoch}, and opens for no other. The whole header is
// inside the encrypted part as well, and compared: who changes it spoils the envelope. What an envelope does not prove
// is who made it, because everybody may encrypt to a public recipient. Who opens one that lay in foreign hands has to
// know the public key to expect.
//
// Recipients are of two families. The hybrid one (ML-KEM-768 with X25519) keeps the key from a quantum computer of
// the future too; X25519 alone does not. age refuses both in one file, rightly, so an envelope holds one file for each
// family; with a recipient of X25519 in it, it is only as safe as that one.
//
// The packages of pkg take entropy as an argument. age takes none and draws its file keys and nonces from the
// operating system itself; that is why sealing the same key twice never gives the same envelope.
package seal
