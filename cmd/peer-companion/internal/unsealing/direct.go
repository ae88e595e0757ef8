// SPDX-License-Identifier: Apache-2.0

package unsealing

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/pkg/unseal"
)

// Directly opens the envelope of a place without an unsealer, with the private keys of age in a file.
func Directly(envelope seal.Envelope, binding seal.Binding, file string) (identity.Key, *Problem) {
	openers, problem := readOpeners(file)
	if problem != nil {
		return identity.Key{}, problem
	}
	opened, err := envelope.Open(binding, openers...)
	switch {
	case err == nil:
		return opened.Key, nil
	case !sealedTo(envelope, openers):
		return identity.Key{}, ForGood(unseal.EnvelopeNotForUs, fmt.Errorf("%s: %w", file, err))
	}
	return identity.Key{}, ForGood(unseal.EnvelopeDamaged, err)
}

// readOpeners tells a file that is not there, and may come, from one that is of no use.
func readOpeners(file string) ([]seal.Opener, *Problem) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, passing(unseal.OpenerMissing, fmt.Errorf("there is no private key to open the envelope with: %w", err))
	}
	if err != nil {
		return nil, ForGood(unseal.IdentityUnreadable, err)
	}
	defer f.Close()
	openers, err := seal.ParseOpeners(f)
	if err != nil {
		return nil, ForGood(unseal.IdentityUnreadable, fmt.Errorf("%s: %w", file, err))
	}
	return openers, nil
}

func sealedTo(envelope seal.Envelope, openers []seal.Opener) bool {
	return slices.ContainsFunc(openers, func(o seal.Opener) bool {
		return slices.Contains(envelope.Header().Recipients, o.Recipient().Info())
	})
}
