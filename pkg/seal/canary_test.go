// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/pkg/canary"
	"github.com/peernode/operator/pkg/seal"
)

// hidden holds values as somebody's struct may, one day.
type hidden struct {
	opener   seal.Opener
	openers  []seal.Opener
	opened   seal.Opened
	envelope seal.Envelope
	any      any
}

func TestNothingThatIsPrintedOrLoggedHoldsASecret(t *testing.T) {
	for _, o := range []seal.Opener{hybrid(t), x25519(t)} {
		e := sealed(t, o)
		opened, err := e.Open(alpha, o)
		if err != nil {
			t.Fatal(err)
		}
		_, refusal := e.Open(alpha, hybrid(t))
		var said bytes.Buffer
		said.Write(e.Text())
		for _, value := range []any{
			o, &o, []seal.Opener{o}, struct{ O seal.Opener }{o}, opened, &opened, e, &e, e.Header(), refusal, o.Recipient(),
			hidden{o, []seal.Opener{o}, opened, e, o}, &hidden{o, []seal.Opener{o}, opened, e, &o},
		} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%c", "%U", "%t", "%e", "%p"} {
				fmt.Fprintf(&said, verb+"\n", value)
			}
			for _, encode := range []func(any) ([]byte, error){json.Marshal, yaml.Marshal} {
				text, err := encode(value)
				fmt.Fprintln(&said, string(text), err)
			}
			for _, h := range []slog.Handler{slog.NewTextHandler(&said, nil), slog.NewJSONHandler(&said, nil)} {
				slog.New(h).Info("opened", "value", value)
				logr.FromSlogHandler(h).Error(refusal, "opened", "value", value)
			}
		}
		if got, want := fmt.Sprintf("%#v", o), "private key of "+o.Recipient().Info().String(); got != want {
			t.Errorf("a private key of age prints as %q, want %q", got, want)
		}
		letters := []byte(o.Secret()[len("AGE-SECRET-KEY-PQ-1"):])
		for what, private := range map[string][]byte{"the key": secret, "the private key of age": letters, "its bytes": bech32Bytes(t, o.Secret())} {
			if found := canary.Find(said.Bytes(), private); len(found) > 0 {
				t.Errorf("%s shows as %v", what, found)
			}
		}
	}
}

// bech32Bytes are the 32 bytes that the letters of a private key of age stand for.
func bech32Bytes(t *testing.T, text string) []byte {
	t.Helper()
	const charset = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"
	var out []byte
	var bits, n uint
	for _, c := range []byte(text[strings.LastIndexByte(text, '1')+1 : len(text)-6]) {
		bits, n = bits<<5|uint(strings.IndexByte(charset, c)), n+5
		if n >= 8 {
			n -= 8
			out = append(out, byte(bits>>n))
		}
	}
	if len(out) != 32 {
		t.Fatalf("a private key of age has %d bytes, want 32", len(out))
	}
	return out
}

// The searches of these tests are worth something only if they find what is there.
func TestTheSearchFindsWhatIsSealed(t *testing.T) {
	o := hybrid(t)
	plain := sealedJSON(t, sealed(t, o).Text(), o)
	if found := canary.Find(plain, secret); len(found) != 1 || found[0] != "base64" {
		t.Errorf("what is sealed holds the key as %v, want base64", found)
	}
	text := base64.StdEncoding.EncodeToString(plain) // as in a Secret
	if found := canary.Find([]byte(text), []byte(base64.StdEncoding.EncodeToString(secret))); len(found) == 0 {
		t.Error("a key that was encoded twice is not found")
	}
}
