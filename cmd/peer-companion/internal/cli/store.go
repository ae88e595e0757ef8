// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/peernode/operator/cmd/peer-companion/internal/bucket"
	"github.com/peernode/operator/pkg/keybackup"
)

// Ways to name a bucket in a URL.
const (
	addressPath        = "Path"
	addressVirtualHost = "VirtualHost"
)

// store are the flags that say where a bucket is, how it is reached, and what the names of all objects begin with.
type store struct {
	bucket.Place

	prefix, addressing, credentials string
}

// storeRequired are the flags that have no default.
var storeRequired = []string{"endpoint", "region", "bucket", "credentials-dir"}

func (o *store) flags(c *cobra.Command) {
	c.Flags().StringVar(&o.Endpoint, "endpoint", "", "URL of the store, https://HOST:PORT")
	c.Flags().StringVar(&o.Region, "region", "", "region of the bucket; us-east-1 where the store has none")
	c.Flags().StringVar(&o.Bucket, "bucket", "", "name of the bucket, which must exist")
	c.Flags().StringVar(&o.prefix, "prefix", "", "what the names of objects begin with, such as the name of a cluster")
	c.Flags().StringVar(&o.addressing, "addressing", addressPath, addressPath+": the bucket is in the URL's path; "+addressVirtualHost+": it stands before the host")
	c.Flags().StringVar(&o.credentials, "credentials-dir", "", "folder with the files "+bucket.FileAccessKeyID+", "+bucket.FileSecretAccessKey+" and, if need be, "+bucket.FileSessionToken)
	c.Flags().StringVar(&o.CAFile, "ca-file", "", "file with the certificates by which to know the store, in place of the system's")
	c.Flags().BoolVar(&o.AllowHTTP, "allow-http", false, "let the endpoint be without TLS, where nobody can be on the way")
	c.Flags().StringVar(&o.Encryption.Mode, "sse", "", "ask the store to encrypt what is written: "+bucket.EncryptAES256+" or "+bucket.EncryptKMS+"; what the bucket is set to when not given")
	c.Flags().StringVar(&o.Encryption.KMSKeyID, "sse-kms-key-id", "", "the key of the store's key service for --sse "+bucket.EncryptKMS+"; the service's own when not given")
}

// validate refuses what cannot work before anything is read.
func (o *store) validate() error {
	switch o.addressing {
	case addressPath:
	case addressVirtualHost:
		o.VirtualHost = true
	default:
		return fmt.Errorf("--addressing %q is neither %s nor %s", o.addressing, addressPath, addressVirtualHost)
	}
	return keybackup.CheckPrefix(o.prefix)
}

// open reads the credentials, and sends nothing yet.
func (o *store) open(patience bucket.Patience) (*bucket.Bucket, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	credentials, err := bucket.ReadCredentials(o.credentials)
	if err != nil {
		return nil, err
	}
	return bucket.Open(o.Place, credentials, patience)
}
