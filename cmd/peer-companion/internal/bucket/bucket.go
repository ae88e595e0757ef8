// SPDX-License-Identifier: Apache-2.0

// Package bucket puts objects into a bucket of S3, each once, and reads them again.
//
// What it needs is handed in: the SDK's own search for credentials and settings, in the environment, in files of the
// home folder and on the network of the machine, is not used, nor is a proxy that the environment names. The
// credentials go to the endpoint that was named, and are sent on to no other.
package bucket

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"golang.org/x/time/rate"
)

// Patience is how long to wait for a store. A failing one takes Tries times Try, and the pauses between.
type Patience struct {
	Tries int
	Try   time.Duration
	// Pause is the longest one after the first try. It doubles with each.
	Pause time.Duration
}

// Bucket is one bucket of a store.
type Bucket struct {
	client *s3.Client
	place  Place
	// try is the time for one request, which errors name, and tries is how many there are.
	try   time.Duration
	tries int
	// pace is nil where nothing slows uploads down.
	pace *rate.Limiter
}

// Open prepares to talk to the store. Nothing is sent yet.
func Open(p Place, c Credentials, patience Patience) (*Bucket, error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	transport, err := p.transport()
	if err != nil {
		return nil, err
	}
	client := s3.New(s3.Options{
		BaseEndpoint: aws.String(strings.TrimSuffix(p.Endpoint, "/")),
		Region:       p.Region,
		UsePathStyle: !p.VirtualHost,
		Credentials:  aws.CredentialsProviderFunc(c.retrieve),
		Retryer:      retryer(patience),
		HTTPClient: &http.Client{
			Transport: transport, Timeout: patience.Try,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		// Only what S3 itself needs: other stores refuse checksums that they do not know.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
		// A bucket whose name happens to end in --x-s3 is an ordinary one.
		DisableS3ExpressSessionAuth: aws.Bool(true),
	})
	return &Bucket{client: client, place: p, try: patience.Try, tries: patience.Tries}, nil
}

func retryer(p Patience) aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.BaseDelay, o.MaxBackoff = p.Tries, p.Pause, p.Pause<<p.Tries
		// What S3 answers when two write the same name at once.
		o.Retryables = append(o.Retryables, retry.RetryableErrorCode{Codes: map[string]struct{}{"ConditionalRequestConflict": {}, "OperationAborted": {}}})
	})
}

// String names the bucket for people.
func (b *Bucket) String() string {
	return fmt.Sprintf("bucket %s at %s", b.place.Bucket, b.place.Endpoint)
}

// Create puts an object under a name that nothing has yet. Where something has it already, that stays as it is.
func (b *Bucket) Create(ctx context.Context, name string, content []byte) (found bool, err error) {
	sum := sha256.Sum256(content)
	encryption, keyID := b.place.Encryption.asked()
	_, err = b.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String(b.place.Bucket), Key: aws.String(name), Body: bytes.NewReader(content),
		ContentType:    aws.String(contentType(name)),
		IfNoneMatch:    aws.String("*"),
		ChecksumSHA256: aws.String(base64.StdEncoding.EncodeToString(sum[:])),

		ServerSideEncryption: encryption, SSEKMSKeyId: keyID,
	})
	if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() == codeExists {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("write to %s: %w", b, b.explain(err))
	}
	return false, nil
}

// contentType is for people who look into the bucket: everything that is not JSON is clear text or an upload.
func contentType(name string) string {
	if strings.HasSuffix(name, ".json") {
		return "application/json"
	}
	return "text/plain; charset=utf-8"
}

// ErrDenied says that the credentials may not read.
var ErrDenied = errors.New("the credentials may not read there; allow them s3:GetObject, and s3:GetObjectVersion where the bucket keeps versions")

// UnreadError is why something could not be read. It says nothing of what lies there.
type UnreadError struct{ error }

// Unwrap is for errors.Is.
func (u UnreadError) Unwrap() error { return u.error }

// optional is nil for what is not named.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// Read returns the content of an object, or its beginning where it is longer than is allowed.
func (b *Bucket) Read(ctx context.Context, name string, longest int64) ([]byte, error) {
	return b.ReadVersion(ctx, name, "", longest)
}

// ReadVersion does so with one version of the object, the newest one if none is named.
func (b *Bucket) ReadVersion(ctx context.Context, name, version string, longest int64) ([]byte, error) {
	content, err := b.read(ctx, name, version, longest)
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		switch api.ErrorCode() {
		case codeDenied:
			return nil, ErrDenied
		case "NoSuchKey", "NoSuchVersion":
			return nil, ErrNotFound
		}
	}
	if err != nil {
		return nil, UnreadError{fmt.Errorf("read from %s: %w", b, b.explain(err))}
	}
	return content, nil
}

func (b *Bucket) read(ctx context.Context, name, version string, longest int64) ([]byte, error) {
	out, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(b.place.Bucket), Key: aws.String(name), VersionId: optional(version)})
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	return io.ReadAll(io.LimitReader(out.Body, longest))
}
