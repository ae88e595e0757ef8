// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/peernode/operator/api/v1alpha1"
)

// Trial is one object by which is found out what a store does, and what the credentials may do there.
type Trial struct {
	b       *Bucket
	name    string
	content []byte
}

// Trial prepares to try the store by an object that is there for nothing else.
func (b *Bucket) Trial(name string, content []byte) Trial { return Trial{b, name, content} }

func (t Trial) at() (bucket, key *string) { return aws.String(t.b.place.Bucket), aws.String(t.name) }

// explained says what was attempted, and what went wrong with it.
func (t Trial) explained(doing string, err error) error {
	return fmt.Errorf("%s %s: %w", doing, t.b, t.b.explain(err))
}

// answer is what a store says to who asks for something that it may refuse: an error where it cannot be asked.
func (t Trial) answer(doing string, err error) (v1alpha1.StoreAnswer, error) {
	api, ok := errors.AsType[smithy.APIError](err)
	switch {
	case err == nil:
		return v1alpha1.StoreYes, nil
	case !ok:
		return v1alpha1.StoreUnknown, t.explained(doing, err)
	case api.ErrorCode() == codeDenied:
		return v1alpha1.StoreNo, nil
	default:
		return v1alpha1.StoreUnknown, nil
	}
}

// WritesOnce writes the object where nothing has its name, and then once more, which a store that can has to refuse.
func (t Trial) WritesOnce(ctx context.Context) (v1alpha1.StoreAnswer, error) {
	found := false
	for range 2 {
		var err error
		if found, err = t.b.Create(ctx, t.name, t.content); err != nil {
			return v1alpha1.StoreUnknown, err
		}
	}
	return yesOrNo(found), nil
}

func yesOrNo(yes bool) v1alpha1.StoreAnswer {
	if yes {
		return v1alpha1.StoreYes
	}
	return v1alpha1.StoreNo
}

// MultipartOnce does the same in parts, of which nothing is left. The object has to be there.
func (t Trial) MultipartOnce(ctx context.Context) (v1alpha1.StoreAnswer, error) {
	where, key := t.at()
	encryption, keyID := t.b.place.Encryption.asked()
	upload, err := t.b.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: where, Key: key, ServerSideEncryption: encryption, SSEKMSKeyId: keyID})
	if err != nil {
		return v1alpha1.StoreUnknown, t.explained("write in parts to", err)
	}
	err = t.complete(ctx, upload.UploadId)
	if err == nil {
		return v1alpha1.StoreNo, nil
	}
	_, aborted := t.b.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: where, Key: key, UploadId: upload.UploadId})
	if api, ok := errors.AsType[smithy.APIError](err); !ok || api.ErrorCode() != codeExists {
		return v1alpha1.StoreUnknown, t.explained("write in parts to", err)
	}
	switch api, ok := errors.AsType[smithy.APIError](aborted); {
	case ok && api.ErrorCode() == codeDenied:
		return v1alpha1.StoreUnknown, fmt.Errorf("take back what was written in parts to %s: the credentials may not, so parts would pile up there; allow them s3:AbortMultipartUpload for the names under the prefix", t.b)
	case aborted != nil && !(ok && api.ErrorCode() == "NoSuchUpload"): // Some stores do so themselves.
		return v1alpha1.StoreUnknown, t.explained("take back what was written in parts to", aborted)
	}
	return v1alpha1.StoreYes, nil
}

// complete puts the parts together, unless something has the name.
func (t Trial) complete(ctx context.Context, upload *string) error {
	where, key := t.at()
	part, err := t.b.client.UploadPart(ctx, &s3.UploadPartInput{Bucket: where, Key: key, UploadId: upload, PartNumber: aws.Int32(1), Body: bytes.NewReader(t.content)})
	if err != nil {
		return err
	}
	_, err = t.b.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: where, Key: key, UploadId: upload, IfNoneMatch: aws.String("*"),
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{ETag: part.ETag, PartNumber: aws.Int32(1)}}},
	})
	return err
}

// ErrGone says that the object is not there, though it was just written.
var ErrGone = errors.New("it is not there, though it was just written; see whether the store keeps what it takes, and shows it at once")

// Kept is what is seen of an object by who may read it.
type Kept struct {
	// Reads is whether the credentials may.
	Reads v1alpha1.StoreAnswer
	// Encryption is how the store keeps it.
	Encryption v1alpha1.StoreEncryption
	// Versioned is true where it has a version.
	Versioned bool
}

// ReadBack reads the object, which has to be what was written.
func (t Trial) ReadBack(ctx context.Context) (Kept, error) {
	where, key := t.at()
	out, err := t.b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: where, Key: key})
	if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() == codeDenied {
		return Kept{Reads: v1alpha1.StoreNo, Encryption: v1alpha1.FoundUnknownEncryption}, nil
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() == "NoSuchKey" {
		return Kept{}, fmt.Errorf("read %s from %s: %w", t.name, t.b, ErrGone)
	}
	if err != nil {
		return Kept{}, t.explained("read from", err)
	}
	defer out.Body.Close()
	content, err := io.ReadAll(io.LimitReader(out.Body, int64(len(t.content))+1))
	if err != nil {
		return Kept{}, t.explained("read from", err)
	}
	if !bytes.Equal(content, t.content) {
		return Kept{}, fmt.Errorf("what %s has under the name %s is not what a check writes, and is not overwritten: the store has damaged it, or somebody else put it there; look at it, and move it away", t.b, t.name)
	}
	return Kept{Reads: v1alpha1.StoreYes, Encryption: encryptionOf(out.ServerSideEncryption), Versioned: isVersion(out.VersionId)}, nil
}

// isVersion knows that what was written before there were versions, or while they were suspended, is called null.
func isVersion(id *string) bool { return aws.ToString(id) != "" && aws.ToString(id) != "null" }

func encryptionOf(e types.ServerSideEncryption) v1alpha1.StoreEncryption {
	switch e {
	case "":
		return v1alpha1.FoundNoEncryption
	case types.ServerSideEncryptionAes256:
		return v1alpha1.FoundAES256
	case types.ServerSideEncryptionAwsKms, types.ServerSideEncryptionAwsKmsDsse:
		return v1alpha1.FoundKMS
	default:
		return v1alpha1.FoundOtherEncryption
	}
}

// Lists looks for the object on the list of a folder.
func (t Trial) Lists(ctx context.Context, folder string) (v1alpha1.StoreAnswer, error) {
	var token *string
	for {
		out, err := t.b.client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String(t.b.place.Bucket), Prefix: aws.String(folder), ContinuationToken: token})
		if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() == codeDenied {
			return v1alpha1.StoreNo, nil
		}
		if err != nil {
			return v1alpha1.StoreUnknown, t.explained("list", err)
		}
		for _, o := range out.Contents {
			if aws.ToString(o.Key) == t.name {
				return v1alpha1.StoreYes, nil
			}
		}
		if token = out.NextContinuationToken; token == nil {
			return v1alpha1.StoreUnknown, fmt.Errorf("find %s on the list of %s: %w", t.name, t.b, ErrGone)
		}
	}
}

// Versioning asks whether the bucket keeps versions.
func (t Trial) Versioning(ctx context.Context) (v1alpha1.StoreVersioning, error) {
	out, err := t.b.client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: aws.String(t.b.place.Bucket)})
	if allowed, err := t.answer("ask for the versioning of", err); allowed != v1alpha1.StoreYes {
		return v1alpha1.VersioningUnknown, err
	}
	switch out.Status {
	case types.BucketVersioningStatusEnabled:
		return v1alpha1.VersioningEnabled, nil
	case types.BucketVersioningStatusSuspended:
		return v1alpha1.VersioningSuspended, nil
	default:
		return v1alpha1.VersioningOff, nil
	}
}

// hoursOfDay and daysOfYear are those of retentions, which S3 counts in days and years.
const (
	hoursOfDay = 24
	daysOfYear = 365
)

// Lock asks for the bucket's default retention.
func (t Trial) Lock(ctx context.Context) (v1alpha1.StoreLock, v1alpha1.Period, error) {
	out, err := t.b.client.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: aws.String(t.b.place.Bucket)})
	if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() == "ObjectLockConfigurationNotFoundError" {
		return v1alpha1.FoundNoLock, "", nil
	}
	if allowed, err := t.answer("ask for the Object Lock of", err); allowed != v1alpha1.StoreYes {
		return v1alpha1.FoundUnknownLock, "", err
	}
	c := out.ObjectLockConfiguration
	if c == nil || c.ObjectLockEnabled != types.ObjectLockEnabledEnabled || c.Rule == nil || c.Rule.DefaultRetention == nil {
		return v1alpha1.FoundNoLock, "", nil
	}
	days := aws.ToInt32(c.Rule.DefaultRetention.Days) + daysOfYear*aws.ToInt32(c.Rule.DefaultRetention.Years)
	mode := v1alpha1.FoundGovernance
	if c.Rule.DefaultRetention.Mode == types.ObjectLockRetentionModeCompliance {
		mode = v1alpha1.FoundCompliance
	}
	if days < 1 || days > 100*daysOfYear {
		return v1alpha1.FoundUnknownLock, "", nil
	}
	return mode, v1alpha1.Period(fmt.Sprintf("%dh", days*hoursOfDay)), nil
}

// MayOverwrite writes the same once more, and does not ask the store to leave what is there. versioned is true where that
// is kept as an older version.
func (t Trial) MayOverwrite(ctx context.Context) (may v1alpha1.StoreAnswer, versioned bool, err error) {
	where, key := t.at()
	encryption, keyID := t.b.place.Encryption.asked()
	out, err := t.b.client.PutObject(ctx, &s3.PutObjectInput{Bucket: where, Key: key, Body: bytes.NewReader(t.content), ContentType: aws.String("application/json"), ServerSideEncryption: encryption, SSEKMSKeyId: keyID})
	if err == nil {
		versioned = isVersion(out.VersionId)
	}
	may, err = t.answer("write over what is in", err)
	return may, versioned, err
}

// MayDelete deletes the object, and has it back where it could. A bucket that keeps versions only hides it, until the mark
// that does so is deleted.
func (t Trial) MayDelete(ctx context.Context) (v1alpha1.StoreAnswer, error) {
	where, key := t.at()
	out, err := t.b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: where, Key: key})
	may, err := t.answer("delete from", err)
	if err != nil || may != v1alpha1.StoreYes {
		return may, err
	}
	if aws.ToBool(out.DeleteMarker) && out.VersionId != nil {
		_, err := t.b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: where, Key: key, VersionId: out.VersionId})
		if seen, err := t.answer("delete from", err); err != nil || seen == v1alpha1.StoreYes {
			return v1alpha1.StoreYes, err
		}
	}
	_, err = t.b.Create(ctx, t.name, t.content)
	return v1alpha1.StoreYes, err
}
