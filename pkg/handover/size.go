// SPDX-License-Identifier: Apache-2.0

package handover

import "github.com/peernode/operator/pkg/seal"

// What the kubelet keeps of termination messages: so much of one container, and three times that of a pod, whose
// containers have equal shares of it.
const (
	maxMessage = 4096
	// MaxParts is the largest number of containers that can each leave a whole message.
	MaxParts = 3
)

// MaxRecipients is how many recipients, of any family, an envelope can have and is sure to fit into MaxParts.
const MaxRecipients = 5

// maxHead is more than what stands in a message before its base64.
const maxHead = 128

// capacity is how much base64 fits into a message.
const capacity = maxMessage - maxHead

// What an envelope takes up at most when it is packed, in letters of base64. A test compares with what is sealed for
// the longest names.
const (
	sizeHeader     = 650
	sizeOfFamily   = 950
	sizeHybrid     = 1900
	sizeX25519     = 350
	sizeInTwoFiles = 150
)

// Parts is the number of containers that it takes to hand over an envelope for these recipients: 1 to MaxParts. It
// depends on nothing but their families and their number, so that it is known before there is a key.
func Parts(recipients []seal.Recipient) int {
	for parts := 1; parts < MaxParts; parts++ {
		if size(recipients) <= parts*capacity {
			return parts
		}
	}
	return MaxParts
}

// size is what the envelope for these recipients takes up at most.
func size(recipients []seal.Recipient) int {
	of := map[seal.Family]int{}
	for _, r := range recipients {
		of[r.Family()]++
	}
	total := sizeHeader + len(of)*sizeOfFamily + of[seal.Hybrid]*sizeHybrid + of[seal.X25519]*sizeX25519
	if len(of) > 1 {
		// The file of each family holds the whole header, and that names all recipients.
		total += len(recipients) * sizeInTwoFiles
	}
	return total
}
