// SPDX-License-Identifier: Apache-2.0

package bucket_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/peernode/operator/cmd/peer-companion/internal/bucket"
)

func TestPlacesThatCannotBeAreRefused(t *testing.T) {
	text := filepath.Join(folder(t, map[string]string{"text": "no certificate"}), "text")
	good := bucket.Place{Endpoint: "https://store.example:9000", Region: "us-east-1", Bucket: "keys"}
	for name, c := range map[string]struct {
		change func(p *bucket.Place)
		says   string
	}{
		"No endpoint.":            {func(p *bucket.Place) { p.Endpoint = "" }, "is not a URL like https://HOST:PORT"},
		"A host alone.":           {func(p *bucket.Place) { p.Endpoint = "store.example:9000" }, "is not a URL like https://HOST:PORT"},
		"A scheme alone.":         {func(p *bucket.Place) { p.Endpoint = "https://" }, "is not a URL like https://HOST:PORT"},
		"A question.":             {func(p *bucket.Place) { p.Endpoint += "?versions" }, "is not a URL like https://HOST:PORT"},
		"Another scheme.":         {func(p *bucket.Place) { p.Endpoint = "s3://store.example" }, "neither https nor http"},
		"No TLS.":                 {func(p *bucket.Place) { p.Endpoint = "http://store.example" }, "is without TLS"},
		"No TLS on loopback.":     {func(p *bucket.Place) { p.Endpoint = "http://127.0.0.1:9000" }, "is without TLS"},
		"A password in the URL.":  {func(p *bucket.Place) { p.Endpoint = "https://me:" + secrets["secretAccessKey"] + "@h" }, "the endpoint"},
		"A user in the URL.":      {func(p *bucket.Place) { p.Endpoint = "https://" + secrets["accessKeyID"] + "@host" }, "holds credentials"},
		"No region.":              {func(p *bucket.Place) { p.Region = "" }, "us-east-1"},
		"A region with a slash.":  {func(p *bucket.Place) { p.Region = "us/east" }, "no name of a region"},
		"No bucket.":              {func(p *bucket.Place) { p.Bucket = "" }, "not a name that a bucket can have"},
		"A bucket in capitals.":   {func(p *bucket.Place) { p.Bucket = "Keys" }, "not a name that a bucket can have"},
		"A bucket that is a path": {func(p *bucket.Place) { p.Bucket = "keys/../other" }, "not a name that a bucket can have"},
		"A bucket by its ARN.":    {func(p *bucket.Place) { p.Bucket = "arn:aws:s3:us-east-1:1:accesspoint/a" }, "not a name that a bucket can have"},
		"A CA that is not there.": {func(p *bucket.Place) { p.CAFile = "/none" }, "the certificates by which to know the store: open /none"},
		"A CA that is none.":      {func(p *bucket.Place) { p.CAFile = text }, "holds no certificate in PEM"},
		"Another encryption.":     {func(p *bucket.Place) { p.Encryption.Mode = "aws:kms" }, `encryption "aws:kms" is neither AES256 nor KMS`},
		"A key without KMS.":      {func(p *bucket.Place) { p.Encryption = bucket.Encryption{Mode: "AES256", KMSKeyID: "k"} }, "goes with encryption KMS alone"},
		"A key and no mode.":      {func(p *bucket.Place) { p.Encryption.KMSKeyID = "k" }, "goes with encryption KMS alone"},
		"A key in two lines.":     {func(p *bucket.Place) { p.Encryption = bucket.Encryption{Mode: "KMS", KMSKeyID: "k\r\nx: y"} }, "is no name of a key"},
	} {
		p := good
		c.change(&p)
		if _, err := bucket.Open(p, credentials(t), brief); err == nil {
			t.Errorf("%s no error", name)
		} else {
			says(t, err, c.says)
		}
	}
	if _, err := bucket.Open(good, credentials(t), brief); err != nil {
		t.Error(err)
	}
}

func TestCredentialsThatCannotBeAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		says  string
	}{
		"None.":                  {map[string]string{}, "the credentials have no accessKeyID; the Secret needs accessKeyID and secretAccessKey"},
		"No secret.":             {map[string]string{"accessKeyID": "id"}, "the credentials have no secretAccessKey"},
		"An empty secret.":       {map[string]string{"accessKeyID": "id", "secretAccessKey": "\n"}, "secretAccessKey is empty or not one word"},
		"A secret in two lines.": {map[string]string{"accessKeyID": "id", "secretAccessKey": secrets["secretAccessKey"] + "\nwith"}, "secretAccessKey is empty or not one word"},
		"A token in two words.":  {map[string]string{"accessKeyID": "id", "secretAccessKey": "s", "sessionToken": secrets["sessionToken"] + " b"}, "sessionToken is empty or not one word"},
		"An ID that is a file.":  {map[string]string{"accessKeyID": strings.Repeat("a", 100<<10), "secretAccessKey": "s"}, "is larger than"},
	} {
		got, err := bucket.ReadCredentials(folder(t, c.files))
		if err == nil || got != (bucket.Credentials{}) {
			t.Errorf("%s no error, or credentials with it", name)
		}
		says(t, err, c.says)
	}
}

func TestCredentialsAreNotPrinted(t *testing.T) {
	c := credentials(t)
	for _, text := range []string{fmt.Sprint(c), fmt.Sprintf("%v %+v %#v %s", c, c, c, c), fmt.Sprintf("%+v", struct{ C bucket.Credentials }{c})} {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("they are printed: %s", text)
			}
		}
	}
}
