// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"errors"
	"fmt"
	"io"
)

var errNoText = errors.New("a private key is never written as text; seal it")

// String names the key by its public part.
func (k Key) String() string {
	if k.IsZero() {
		return "no private key"
	}
	return "private key of " + k.public.String()
}

// Format prints String for every verb, %#v and %x too.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

// MarshalText fails, and with it every encoder that asks for text: JSON, YAML, XML, structured logs.
func (k Key) MarshalText() ([]byte, error) { return nil, errNoText }
