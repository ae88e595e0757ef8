// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// Version is one of what was ever put under a name.
type Version struct {
	Name string
	// ID is empty where the store does not know of versions.
	ID string
	// Written is when the store took it.
	Written time.Time
	Size    int64
	// Mark is true for one that only says that the name was deleted.
	Mark bool
}

// Everything is what lies under names that begin with a prefix.
type Everything struct {
	// Names are in the order of the store. Of each, Versions are the newest first, marks before what they hide.
	Names    []string
	Versions map[string][]Version
	// Now is what the store says the time is.
	Now time.Time
}

func (e *Everything) add(v Version) {
	if _, known := e.Versions[v.Name]; !known {
		e.Names = append(e.Names, v.Name)
	}
	e.Versions[v.Name] = append(e.Versions[v.Name], v)
}

func (e *Everything) at(of middleware.Metadata) {
	if now, ok := awsmiddleware.GetServerTime(of); ok {
		e.Now = now
	}
}

var (
	errMayNotListVersions = errors.New("the credentials may not list versions; allow them s3:ListBucketVersions")
	errNoTime             = errors.New("the store does not say what time it is, and no other clock counts here")
	errMayNotDelete       = errors.New("the credentials may not delete there, or not ask whether it is locked; allow them s3:DeleteObject, s3:DeleteObjectVersion, s3:GetObjectRetention and s3:GetObjectLegalHold")
)

// TooManyError says that there is more than anybody would put there in good faith.
type TooManyError struct{ most int }

// Error is that of error.
func (t TooManyError) Error() string { return fmt.Sprintf("there are more than %d versions", t.most) }

// Everything lists all versions of all that begins with a prefix, as far as there are not too many.
func (b *Bucket) Everything(ctx context.Context, prefix string, most int) (Everything, error) {
	out := Everything{Versions: map[string][]Version{}}
	n := 0
	for pages := s3.NewListObjectVersionsPaginator(b.client, &s3.ListObjectVersionsInput{Bucket: aws.String(b.place.Bucket), Prefix: aws.String(prefix)}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if status, ok := errors.AsType[*awshttp.ResponseError](err); ok && (status.HTTPStatusCode() == http.StatusNotImplemented || status.HTTPStatusCode() == http.StatusMethodNotAllowed) {
			return b.everyObject(ctx, prefix, most)
		}
		if err != nil {
			return out, fmt.Errorf("list versions in %s: %w", b, b.denied(err, errMayNotListVersions))
		}
		out.at(page.ResultMetadata)
		for i := range page.DeleteMarkers {
			m := &page.DeleteMarkers[i]
			out.add(Version{Name: aws.ToString(m.Key), ID: aws.ToString(m.VersionId), Written: aws.ToTime(m.LastModified), Mark: true})
		}
		for i := range page.Versions {
			v := &page.Versions[i]
			out.add(Version{Name: aws.ToString(v.Key), ID: aws.ToString(v.VersionId), Written: aws.ToTime(v.LastModified), Size: aws.ToInt64(v.Size)})
		}
		if n += len(page.DeleteMarkers) + len(page.Versions); n > most {
			return out, fmt.Errorf("list versions in %s: %w", b, TooManyError{most})
		}
	}
	return out, out.timed()
}

// everyObject is for a store that does not know of versions.
func (b *Bucket) everyObject(ctx context.Context, prefix string, most int) (Everything, error) {
	out := Everything{Versions: map[string][]Version{}}
	for pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: aws.String(b.place.Bucket), Prefix: aws.String(prefix)}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return out, fmt.Errorf("list %s: %w", b, b.denied(err, errMayNotList))
		}
		out.at(page.ResultMetadata)
		for i := range page.Contents {
			o := &page.Contents[i]
			out.add(Version{Name: aws.ToString(o.Key), Written: aws.ToTime(o.LastModified), Size: aws.ToInt64(o.Size)})
		}
		if len(out.Names) > most {
			return out, fmt.Errorf("list %s: %w", b, TooManyError{most})
		}
	}
	return out, out.timed()
}

func (e *Everything) timed() error {
	if e.Now.IsZero() {
		return errNoTime
	}
	return nil
}

// Remove deletes one version for good, which is true as well if that is gone already. It is false for one that the store
// has locked, at the time now. A lock that may be passed by is not.
func (b *Bucket) Remove(ctx context.Context, v Version, now time.Time) (bool, error) {
	_, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String(b.place.Bucket), Key: aws.String(v.Name), VersionId: optional(v.ID)})
	api, answered := errors.AsType[smithy.APIError](err)
	if err == nil || answered && (api.ErrorCode() == "NoSuchKey" || api.ErrorCode() == "NoSuchVersion") {
		return true, nil
	}
	if answered && lockedByWords.MatchString(api.ErrorCode()+" "+api.ErrorMessage()) {
		return false, nil
	}
	if answered && api.ErrorCode() == codeDenied && b.locked(ctx, v, now) {
		return false, nil
	}
	return false, fmt.Errorf("delete from %s: %w", b, b.denied(err, errMayNotDelete))
}

// lockedByWords is how stores tell a lock from a right that is missing, if they do: AWS and others answer AccessDenied to both.
var lockedByWords = regexp.MustCompile(`(?i)object.?lock|worm.protected`)

// locked asks whether a version is kept from being deleted. Whoever may not ask does not know it to be.
func (b *Bucket) locked(ctx context.Context, v Version, now time.Time) bool {
	kept, err := b.client.GetObjectRetention(ctx, &s3.GetObjectRetentionInput{Bucket: aws.String(b.place.Bucket), Key: aws.String(v.Name), VersionId: optional(v.ID)})
	if err == nil && kept.Retention != nil && aws.ToTime(kept.Retention.RetainUntilDate).After(now) {
		return true
	}
	hold, err := b.client.GetObjectLegalHold(ctx, &s3.GetObjectLegalHoldInput{Bucket: aws.String(b.place.Bucket), Key: aws.String(v.Name), VersionId: optional(v.ID)})
	return err == nil && hold.LegalHold != nil && hold.LegalHold.Status == types.ObjectLockLegalHoldStatusOn
}
