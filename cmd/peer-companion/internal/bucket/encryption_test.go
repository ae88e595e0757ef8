// SPDX-License-Identifier: Apache-2.0

package bucket_test

import (
	"net/http"
	"testing"

	"github.com/peernode/operator/cmd/peer-companion/internal/bucket"
)

func TestEncryptionIsAskedForWithEveryObject(t *testing.T) {
	for name, c := range map[string]struct {
		asked     bucket.Encryption
		mode, key string
	}{
		"None.":             {bucket.Encryption{}, "", ""},
		"The store's keys.": {bucket.Encryption{Mode: bucket.EncryptAES256}, "AES256", ""},
		"The service's.":    {bucket.Encryption{Mode: bucket.EncryptKMS}, "aws:kms", ""},
		"A key by name.":    {bucket.Encryption{Mode: bucket.EncryptKMS, KMSKeyID: "arn:aws:kms:eu-central-1:1:key/a"}, "aws:kms", "arn:aws:kms:eu-central-1:1:key/a"},
	} {
		var got http.Header
		b := serveAsked(t, c.asked, func(_ http.ResponseWriter, r *http.Request) { got = r.Header })
		_, err := b.Create(t.Context(), "name", []byte("{}"))
		if mode, key := got.Get("X-Amz-Server-Side-Encryption"), got.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"); err != nil || mode != c.mode || key != c.key {
			t.Errorf("%s asked is %q with the key %q, %v", name, mode, key, err)
		}
	}
}
