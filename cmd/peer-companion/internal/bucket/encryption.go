// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Ways in which a store encrypts what it keeps, in the words of the flags.
const (
	EncryptAES256 = "AES256"
	EncryptKMS    = "KMS"
)

// Encryption is what the store itself is asked to do with what is written, which is sealed by then anyway. The zero one
// asks for nothing: then the bucket's own setting counts.
type Encryption struct{ Mode, KMSKeyID string }

// keyID is what a header can hold, and services name their keys by.
var keyID = regexp.MustCompile(`^[A-Za-z0-9:/_+=,.@-]+$`)

func (e Encryption) validate() error {
	switch e.Mode {
	case "", EncryptAES256:
		if e.KMSKeyID != "" {
			return errors.New("a key of the store's key service goes with encryption " + EncryptKMS + " alone")
		}
		return nil
	case EncryptKMS:
		if e.KMSKeyID != "" && !keyID.MatchString(e.KMSKeyID) {
			return fmt.Errorf("%q is no name of a key in the store's key service", e.KMSKeyID)
		}
		return nil
	default:
		return fmt.Errorf("encryption %q is neither %s nor %s", e.Mode, EncryptAES256, EncryptKMS)
	}
}

// asked are the headers of a request that writes.
func (e Encryption) asked() (types.ServerSideEncryption, *string) {
	switch {
	case e.Mode == EncryptAES256:
		return types.ServerSideEncryptionAes256, nil
	case e.Mode == EncryptKMS && e.KMSKeyID != "":
		return types.ServerSideEncryptionAwsKms, aws.String(e.KMSKeyID)
	case e.Mode == EncryptKMS:
		return types.ServerSideEncryptionAwsKms, nil
	default:
		return "", nil
	}
}
