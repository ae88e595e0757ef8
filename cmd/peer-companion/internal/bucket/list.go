// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/peernode/operator/pkg/backup"
)

// ErrNotFound says that there is no object of a name.
var ErrNotFound = errors.New("there is no such object")

// Found is what a store says of an object.
type Found struct {
	// Size is in bytes.
	Size int64
	// Digest is nil where the store keeps none.
	Digest *backup.Digest
	// Version is empty where the bucket keeps none.
	Version string
}

// Stat asks for one version of an object without reading it, the newest one if none is named.
func (b *Bucket) Stat(ctx context.Context, name, version string) (Found, error) {
	out, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{
		Bucket: aws.String(b.place.Bucket), Key: aws.String(name), VersionId: optional(version), ChecksumMode: types.ChecksumModeEnabled,
	})
	if status, ok := errors.AsType[*awshttp.ResponseError](err); ok && status.HTTPStatusCode() == http.StatusNotFound {
		return Found{}, ErrNotFound
	}
	if err != nil {
		return Found{}, UnreadError{fmt.Errorf("ask %s for an object: %w", b, b.denied(err, ErrDenied))}
	}
	found := Found{Size: aws.ToInt64(out.ContentLength), Version: aws.ToString(out.VersionId)}
	// A composite checksum ends in the number of parts.
	text, _, composite := strings.Cut(aws.ToString(out.ChecksumSHA256), "-")
	if sum, err := base64.StdEncoding.DecodeString(text); err == nil && composite && len(sum) == len(backup.Digest{}) {
		found.Digest = new(backup.Digest(sum))
	}
	return found, nil
}

// List returns the names of all objects that begin with a prefix, in their order.
func (b *Bucket) List(ctx context.Context, prefix string) ([]string, error) {
	var names []string
	for pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: aws.String(b.place.Bucket), Prefix: aws.String(prefix)}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", b, b.denied(err, errMayNotList))
		}
		for i := range page.Contents {
			names = append(names, aws.ToString(page.Contents[i].Key))
		}
	}
	return names, nil
}

var (
	errMayNotList  = errors.New("the credentials may not list what is there; allow them s3:ListBucket")
	errMayNotTidy  = errors.New("the credentials may not list unfinished uploads; allow them s3:ListBucketMultipartUploads")
	errMayNotAbort = errors.New("the credentials may not give an unfinished upload up; allow them s3:AbortMultipartUpload")
)

// Versions returns all that was ever put under a name, the oldest first. It is empty where nobody may ask, or where the
// store does not know of versions.
func (b *Bucket) Versions(ctx context.Context, name string) ([]string, error) {
	var out []string
	for pages := s3.NewListObjectVersionsPaginator(b.client, &s3.ListObjectVersionsInput{Bucket: aws.String(b.place.Bucket), Prefix: aws.String(name)}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if status, ok := errors.AsType[*awshttp.ResponseError](err); ok && slices.Contains(noVersions, status.HTTPStatusCode()) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list versions in %s: %w", b, b.explain(err))
		}
		for i := range page.Versions {
			if aws.ToString(page.Versions[i].Key) == name {
				out = append(out, aws.ToString(page.Versions[i].VersionId))
			}
		}
	}
	slices.Reverse(out)
	return out, nil
}

// noVersions is how stores answer that versions are not to be listed.
var noVersions = []int{http.StatusForbidden, http.StatusNotImplemented, http.StatusMethodNotAllowed}

// Unfinished is an object that somebody began to write and has not committed.
type Unfinished struct{ name, id string }

// Uploads lists the objects that were begun under names with a prefix.
func (b *Bucket) Uploads(ctx context.Context, prefix string) ([]Unfinished, error) {
	var out []Unfinished
	for pages := s3.NewListMultipartUploadsPaginator(b.client, &s3.ListMultipartUploadsInput{Bucket: aws.String(b.place.Bucket), Prefix: aws.String(prefix)}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list unfinished uploads to %s: %w", b, b.denied(err, errMayNotTidy))
		}
		for i := range page.Uploads {
			// Some stores answer with more than was asked for.
			if name := aws.ToString(page.Uploads[i].Key); strings.HasPrefix(name, prefix) {
				out = append(out, Unfinished{name, aws.ToString(page.Uploads[i].UploadId)})
			}
		}
	}
	return out, nil
}

// AbortUpload removes the parts of one. That it is gone already is as good.
func (b *Bucket) AbortUpload(ctx context.Context, u Unfinished) error {
	_, err := b.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: aws.String(b.place.Bucket), Key: aws.String(u.name), UploadId: aws.String(u.id)})
	if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() == "NoSuchUpload" {
		return nil
	}
	if err != nil {
		return fmt.Errorf("give up an unfinished upload to %s: %w", b, b.denied(err, errMayNotAbort))
	}
	return nil
}
