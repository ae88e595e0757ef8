// SPDX-License-Identifier: Apache-2.0

package s3_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/pkg/backup"
	"github.com/peernode/operator/test/s3"
)

const (
	alphas = "berlin/backups/peers/alpha/"
	betas  = "berlin/backups/peers/beta/"
)

// secretOfPeer is what the data of the peer hold, in clear text.
var secretOfPeer = bytes.Repeat([]byte("what nobody else may read "), 4000)

// thief holds the credentials of a peer and its volume, and nothing else.
type thief struct {
	*vault

	*awss3.Client
	bucket string
	// first, second and last are backups from before he came, segments and manifest objects of the first.
	first, second, last backup.Record
	trees               map[int64]map[string]string
	// sums are those of the records as they were.
	sums map[int64]string
	// signing is the peer's own key, which he has in the last acts.
	signing backup.Signer
}

// lockedBucket makes one that keeps versions, and each for a day.
func lockedBucket(t *testing.T, owner s3.Store, mode types.ObjectLockRetentionMode) *awss3.Client {
	t.Helper()
	client, err := owner.Client()
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: aws.String(backups), ObjectLockEnabledForBucket: aws.Bool(true)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.PutObjectLockConfiguration(t.Context(), &awss3.PutObjectLockConfigurationInput{
		Bucket: aws.String(backups),
		ObjectLockConfiguration: &types.ObjectLockConfiguration{
			ObjectLockEnabled: types.ObjectLockEnabledEnabled,
			Rule:              &types.ObjectLockRule{DefaultRetention: &types.DefaultRetention{Days: aws.Int32(1), Mode: mode}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func newThief(t *testing.T, mode types.ObjectLockRetentionMode) *thief {
	t.Helper()
	store := s3.Start(t)
	return steal(t, store, lockedBucket(t, store.Store, mode), func() {})
}

// steal makes backups, with what passes after each, and hands the peer's credentials over.
func steal(t *testing.T, store *s3.Server, owner *awss3.Client, passes func()) *thief {
	t.Helper()
	writer := store.Stranger(t, "writer")
	if err := store.SetPolicy(t.Context(), backups, "writer", rightsOfThief()...); err != nil {
		t.Fatal(err)
	}
	v := newVault(t, store.Store)
	v.credentials(writer)
	th := &thief{vault: v, bucket: backups, trees: map[int64]map[string]string{}, sums: map[int64]string{}}
	for i := range 3 {
		v.file("data/secret", secretOfPeer)
		v.noise(mathrand.New(mathrand.NewPCG(uint64(i), 1)), fmt.Sprintf("more/%d", i), 200<<10)
		r := v.backUp()
		th.trees[r.Sequence], th.sums[r.Sequence] = looks(t, v.data), r.SHA256.String()
		passes()
	}
	if err := store.Put(t.Context(), backups, betas+"data/"+strings.Repeat("b", 26), secretOfPeer); err != nil {
		t.Fatal(err)
	}
	if _, err := owner.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{Bucket: aws.String(backups), Key: aws.String(betas + "data/begun")}); err != nil {
		t.Fatal(err)
	}
	private, err := os.ReadFile(v.path("signing"))
	if err != nil {
		t.Fatal(err)
	}
	if th.signing, err = backup.ParseSigner(string(private), "peers", "alpha"); err != nil {
		t.Fatal(err)
	}
	th.first, th.second, th.last = th.readRecord(owner, 1), th.readRecord(owner, 2), th.readRecord(owner, 3)
	if th.first.Manifest.Version == "" || th.first.Segments[0].Version == "" {
		t.Fatalf("the record says no versions: %+v", th.first)
	}
	if th.Client, err = writer.Client(); err != nil {
		t.Fatal(err)
	}
	return th
}

// rightsOfThief are those of the peer whose credentials he has.
func rightsOfThief() []s3.Statement {
	return writerPolicy(backups, strings.TrimSuffix(alphas, "/"), append([]string{"s3:GetObjectVersion"}, writerActions...)...)
}

func (th *thief) readRecord(client *awss3.Client, sequence int64) backup.Record {
	th.Helper()
	text, err := get(th.Context(), client, alphas+backup.RecordName(sequence), "")
	if err != nil {
		th.Fatal(err)
	}
	trust, err := backup.ParseTrust("peers", "alpha", th.public)
	if err != nil {
		th.Fatal(err)
	}
	trusted, err := trust.Open(text, sequence)
	if err != nil {
		th.Fatal(err)
	}
	return trusted.Record
}

func get(ctx context.Context, client *awss3.Client, key, version string) ([]byte, error) {
	in := &awss3.GetObjectInput{Bucket: aws.String(backups), Key: &key}
	if version != "" {
		in.VersionId = &version
	}
	out, err := client.GetObject(ctx, in)
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	return io.ReadAll(out.Body)
}

func (th *thief) put(key string, content []byte, change ...func(in *awss3.PutObjectInput)) error {
	in := &awss3.PutObjectInput{Bucket: &th.bucket, Key: &key, Body: bytes.NewReader(content)}
	for _, c := range change {
		c(in)
	}
	_, err := th.PutObject(th.Context(), in)
	return err
}

func onlyNew(in *awss3.PutObjectInput) { in.IfNoneMatch = aws.String("*") }

// multipart makes an object in parts, or of a part of another object.
func (th *thief) multipart(key string, content []byte, change ...func(in *awss3.CompleteMultipartUploadInput)) error {
	begun, err := th.CreateMultipartUpload(th.Context(), &awss3.CreateMultipartUploadInput{Bucket: &th.bucket, Key: &key})
	if err != nil {
		return err
	}
	part, err := th.UploadPart(th.Context(), &awss3.UploadPartInput{Bucket: &th.bucket, Key: &key, UploadId: begun.UploadId, PartNumber: aws.Int32(1), Body: bytes.NewReader(content)})
	if err != nil {
		return err
	}
	in := &awss3.CompleteMultipartUploadInput{
		Bucket: &th.bucket, Key: &key, UploadId: begun.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{ETag: part.ETag, PartNumber: aws.Int32(1)}}},
	}
	for _, c := range change {
		c(in)
	}
	_, err = th.CompleteMultipartUpload(th.Context(), in)
	return err
}

func (th *thief) copyOver(from, to string) error {
	_, err := th.CopyObject(th.Context(), &awss3.CopyObjectInput{Bucket: &th.bucket, Key: &to, CopySource: aws.String(backups + "/" + from)})
	return err
}

func (th *thief) deletes(key, version string, bypass bool) error {
	in := &awss3.DeleteObjectInput{Bucket: &th.bucket, Key: &key}
	if version != "" {
		in.VersionId = &version
	}
	if bypass {
		in.BypassGovernanceRetention = aws.Bool(true)
	}
	_, err := th.DeleteObject(th.Context(), in)
	return err
}

// deletesMany fails if any is left.
func (th *thief) deletesMany(objects ...types.ObjectIdentifier) error {
	out, err := th.DeleteObjects(th.Context(), &awss3.DeleteObjectsInput{Bucket: &th.bucket, Delete: &types.Delete{Objects: objects}, BypassGovernanceRetention: aws.Bool(true)})
	if err == nil && len(out.Errors) == len(objects) {
		return fmt.Errorf("none of them: %s", aws.ToString(out.Errors[0].Code))
	}
	return err
}

// learns fails unless it holds something of what is secret.
func learns(content []byte, err error) error {
	if err != nil {
		return err
	}
	if !bytes.Contains(content, secretOfPeer[:26]) {
		return errors.New("nothing is learned")
	}
	return nil
}

func (*thief) record(sequence int64) string { return alphas + backup.RecordName(sequence) }
func (th *thief) segment() string           { return alphas + "data/" + th.first.Segments[0].Name }
func (th *thief) manifest() string          { return alphas + "data/" + th.first.Manifest.Name }

// signed is a record like one of the peer, for another backup, signed by a key.
func (th *thief) signed(s backup.Signer, r backup.Record, sequence int64) []byte {
	r.Sequence, r.Base, r.Parent, r.Segments = sequence, sequence, nil, nil
	text, err := s.Sign(r)
	if err != nil {
		th.Fatal(err)
	}
	return text
}

func (th *thief) own() backup.Signer {
	private, _, err := backup.NewSigningKey(rand.Reader, "peers", "alpha")
	if err != nil {
		th.Fatal(err)
	}
	s, err := backup.ParseSigner(private, "peers", "alpha")
	if err != nil {
		th.Fatal(err)
	}
	return s
}

// act is what a thief tries. Some of them a store lets happen: then it must do no harm.
type act struct {
	name string
	try  func(th *thief) error
}

var (
	garbage = []byte("garbage")
	soon    = func() *time.Time { return aws.Time(time.Now().Add(2 * time.Second)) }
)

var reads = []act{
	{"reads what the peer has backed up", func(th *thief) error {
		var all []byte
		for _, name := range []string{th.record(1), th.segment(), th.manifest()} {
			content, err := get(th.Context(), th.Client, name, "")
			if err != nil {
				return err
			}
			all = append(all, content...)
		}
		state, err := os.ReadFile(th.path("state"))
		return learns(append(all, state...), err)
	}},
	{"restores with a key of his own", func(th *thief) error {
		th.must("recovery-key", "-o", th.path("his"))
		args := th.readArgs("restore", "--to", th.TempDir(), "--sequence", "1")
		args[slices.Index(args, "--identity")+1] = th.path("his")
		_, said, err := th.run(args...)
		return errors.Join(err, nothingBut(said, "none of the private keys given opens it"))
	}},
	{"reads what another peer has there", func(th *thief) error {
		return learns(get(th.Context(), th.Client, betas+"data/"+strings.Repeat("b", 26), ""))
	}},
	{"lists what another peer has there", func(th *thief) error {
		_, err := th.ListObjectsV2(th.Context(), &awss3.ListObjectsV2Input{Bucket: &th.bucket, Prefix: aws.String(betas)})
		return err
	}},
	{"lists everything", func(th *thief) error {
		_, err := th.ListObjectsV2(th.Context(), &awss3.ListObjectsV2Input{Bucket: &th.bucket})
		return err
	}},
	{"lists versions", func(th *thief) error {
		_, err := th.ListObjectVersions(th.Context(), &awss3.ListObjectVersionsInput{Bucket: &th.bucket, Prefix: aws.String(betas)})
		return err
	}},
	{"copies what another peer has to a name of his own", func(th *thief) error {
		if err := th.copyOver(betas+"data/"+strings.Repeat("b", 26), alphas+"data/stolen"); err != nil {
			return err
		}
		return learns(get(th.Context(), th.Client, alphas+"data/stolen", ""))
	}},
	{"takes what another peer has as a part", func(th *thief) error {
		key := alphas + "data/stolen"
		begun, err := th.CreateMultipartUpload(th.Context(), &awss3.CreateMultipartUploadInput{Bucket: &th.bucket, Key: &key})
		if err != nil {
			return err
		}
		_, err = th.UploadPartCopy(th.Context(), &awss3.UploadPartCopyInput{
			Bucket: &th.bucket, Key: &key, UploadId: begun.UploadId, PartNumber: aws.Int32(1), CopySource: aws.String(backups + "/" + betas + "data/" + strings.Repeat("b", 26)),
		})
		_, abort := th.AbortMultipartUpload(th.Context(), &awss3.AbortMultipartUploadInput{Bucket: &th.bucket, Key: &key, UploadId: begun.UploadId})
		return errors.Join(err, abort)
	}},
}

// nothingBut is an error unless it was said.
func nothingBut(said, want string) error {
	if !strings.Contains(said, want) {
		return fmt.Errorf("said was %s", said)
	}
	return nil
}

var overwrites = []act{
	{"writes over a record", func(th *thief) error { return th.put(th.record(1), garbage) }},
	{"writes over a record, if nothing is there", func(th *thief) error { return th.put(th.record(2), garbage, onlyNew) }},
	{"writes over the newest record", func(th *thief) error { return th.put(th.record(3), garbage) }},
	{"empties a record", func(th *thief) error { return th.put(th.record(2), nil) }},
	{"writes over a record that is as he knows it", func(th *thief) error {
		head, err := th.HeadObject(th.Context(), &awss3.HeadObjectInput{Bucket: &th.bucket, Key: aws.String(th.record(2))})
		if err != nil {
			return err
		}
		return th.put(th.record(2), garbage, func(in *awss3.PutObjectInput) { in.IfMatch = head.ETag })
	}},
	{"writes over a segment", func(th *thief) error { return th.put(th.segment(), garbage) }},
	{"writes over a manifest", func(th *thief) error { return th.put(th.manifest(), garbage) }},
	{"makes a segment anew in parts", func(th *thief) error { return th.multipart(th.segment(), garbage) }},
	{"makes a segment anew in parts, if nothing is there", func(th *thief) error {
		return th.multipart(th.segment(), garbage, func(in *awss3.CompleteMultipartUploadInput) { in.IfNoneMatch = aws.String("*") })
	}},
	{"makes a record anew in parts", func(th *thief) error { return th.multipart(th.record(2), garbage) }},
	{"copies a segment over a manifest", func(th *thief) error { return th.copyOver(th.segment(), th.manifest()) }},
	{"copies a record over another", func(th *thief) error { return th.copyOver(th.record(2), th.record(3)) }},
	{"copies a segment over itself, with another class", func(th *thief) error { return th.copyOver(th.segment(), th.segment()) }},
	{"puts a folder in the place of a record", func(th *thief) error { return th.put(th.record(1)+"/x", garbage) }},
	{"puts a folder with the name of a record", func(th *thief) error { return th.put(th.record(1)+"/", nil) }},
	{"writes over a record for two seconds", func(th *thief) error {
		return th.put(th.record(1), garbage, func(in *awss3.PutObjectInput) {
			in.ObjectLockMode, in.ObjectLockRetainUntilDate = types.ObjectLockModeGovernance, soon()
		})
	}},
}

var deletions = []act{
	{"deletes a record", func(th *thief) error { return th.deletes(th.record(1), "", false) }},
	{"deletes a segment", func(th *thief) error { return th.deletes(th.segment(), "", false) }},
	{"deletes the version of a segment", func(th *thief) error { return th.deletes(th.segment(), th.first.Segments[0].Version, false) }},
	{"deletes the version of a segment though it is kept", func(th *thief) error { return th.deletes(th.segment(), th.first.Segments[0].Version, true) }},
	{"deletes the version of a manifest though it is kept", func(th *thief) error { return th.deletes(th.manifest(), th.first.Manifest.Version, true) }},
	{"deletes many", func(th *thief) error {
		return th.deletesMany(types.ObjectIdentifier{Key: aws.String(th.record(1))}, types.ObjectIdentifier{Key: aws.String(th.segment())})
	}},
	{"deletes many versions", func(th *thief) error {
		return th.deletesMany(types.ObjectIdentifier{Key: aws.String(th.segment()), VersionId: &th.first.Segments[0].Version}, types.ObjectIdentifier{Key: aws.String(th.manifest()), VersionId: &th.first.Manifest.Version})
	}},
	{"deletes the bucket", func(th *thief) error {
		_, err := th.DeleteBucket(th.Context(), &awss3.DeleteBucketInput{Bucket: &th.bucket})
		return err
	}},
	{"gives up what the peer has begun", func(th *thief) error {
		begun, err := th.CreateMultipartUpload(th.Context(), &awss3.CreateMultipartUploadInput{Bucket: &th.bucket, Key: aws.String(alphas + "data/begun")})
		if err != nil {
			return err
		}
		_, err = th.AbortMultipartUpload(th.Context(), &awss3.AbortMultipartUploadInput{Bucket: &th.bucket, Key: aws.String(alphas + "data/begun"), UploadId: begun.UploadId})
		return err
	}},
	{"leaves an upload unfinished", func(th *thief) error {
		_, err := th.CreateMultipartUpload(th.Context(), &awss3.CreateMultipartUploadInput{Bucket: &th.bucket, Key: aws.String(alphas + "data/left")})
		return err
	}},
}

var rules = []act{
	{"has a segment kept for a shorter time", func(th *thief) error {
		_, err := th.PutObjectRetention(th.Context(), &awss3.PutObjectRetentionInput{
			Bucket: &th.bucket, Key: aws.String(th.segment()), VersionId: &th.first.Segments[0].Version, BypassGovernanceRetention: aws.Bool(true),
			Retention: &types.ObjectLockRetention{Mode: types.ObjectLockRetentionModeGovernance, RetainUntilDate: soon()},
		})
		return err
	}},
	{"takes a legal hold off", func(th *thief) error {
		_, err := th.PutObjectLegalHold(th.Context(), &awss3.PutObjectLegalHoldInput{
			Bucket: &th.bucket, Key: aws.String(th.segment()), VersionId: &th.first.Segments[0].Version, LegalHold: &types.ObjectLockLegalHold{Status: types.ObjectLockLegalHoldStatusOff},
		})
		return err
	}},
	{"has what is new kept for no time", func(th *thief) error {
		_, err := th.PutObjectLockConfiguration(th.Context(), &awss3.PutObjectLockConfigurationInput{Bucket: &th.bucket, ObjectLockConfiguration: &types.ObjectLockConfiguration{ObjectLockEnabled: types.ObjectLockEnabledEnabled}})
		return err
	}},
	{"has no versions kept", func(th *thief) error {
		_, err := th.PutBucketVersioning(th.Context(), &awss3.PutBucketVersioningInput{Bucket: &th.bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusSuspended}})
		return err
	}},
	{"has everything deleted by age", func(th *thief) error {
		_, err := th.PutBucketLifecycleConfiguration(th.Context(), &awss3.PutBucketLifecycleConfigurationInput{Bucket: &th.bucket, LifecycleConfiguration: &types.BucketLifecycleConfiguration{
			Rules: []types.LifecycleRule{{Status: types.ExpirationStatusEnabled, Filter: &types.LifecycleRuleFilter{Prefix: aws.String("")}, Expiration: &types.LifecycleExpiration{Days: aws.Int32(1)}}},
		}})
		return err
	}},
	{"allows himself everything", func(th *thief) error {
		_, err := th.PutBucketPolicy(th.Context(), &awss3.PutBucketPolicyInput{Bucket: &th.bucket, Policy: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::backups","arn:aws:s3:::backups/*"]}]}`)})
		return err
	}},
	{"removes the policy", func(th *thief) error {
		_, err := th.DeleteBucketPolicy(th.Context(), &awss3.DeleteBucketPolicyInput{Bucket: &th.bucket})
		return err
	}},
	{"gives the bucket to everybody", func(th *thief) error {
		_, err := th.PutBucketAcl(th.Context(), &awss3.PutBucketAclInput{Bucket: &th.bucket, ACL: types.BucketCannedACLPublicReadWrite})
		return err
	}},
	{"gives an object to everybody", func(th *thief) error {
		_, err := th.PutObjectAcl(th.Context(), &awss3.PutObjectAclInput{Bucket: &th.bucket, Key: aws.String(th.segment()), ACL: types.ObjectCannedACLPublicReadWrite})
		return err
	}},
	{"lets pages of others in", func(th *thief) error {
		_, err := th.PutBucketCors(th.Context(), &awss3.PutBucketCorsInput{Bucket: &th.bucket, CORSConfiguration: &types.CORSConfiguration{CORSRules: []types.CORSRule{{AllowedMethods: []string{"DELETE"}, AllowedOrigins: []string{"*"}}}}})
		return err
	}},
	{"says who owns objects", func(th *thief) error {
		_, err := th.PutBucketOwnershipControls(th.Context(), &awss3.PutBucketOwnershipControlsInput{Bucket: &th.bucket, OwnershipControls: &types.OwnershipControls{Rules: []types.OwnershipControlsRule{{ObjectOwnership: types.ObjectOwnershipObjectWriter}}}})
		return err
	}},
	{"puts labels on a segment", func(th *thief) error {
		_, err := th.PutObjectTagging(th.Context(), &awss3.PutObjectTaggingInput{Bucket: &th.bucket, Key: aws.String(th.segment()), Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("expire"), Value: aws.String("now")}}}})
		return err
	}},
}

var others = []act{
	{"writes a record of another peer", func(th *thief) error { return th.put(betas+backup.RecordName(1), garbage) }},
	{"writes over an object of another peer", func(th *thief) error { return th.put(betas+"data/"+strings.Repeat("b", 26), garbage) }},
	{"begins an object of another peer", func(th *thief) error { return th.multipart(betas+"data/x", garbage) }},
	{"writes to another peer by way of his own folder", func(th *thief) error { return th.put(alphas+"../beta/"+backup.RecordName(1), garbage) }},
	{"writes outside of all backups", func(th *thief) error { return th.put("x", garbage) }},
	{"gives up what another peer has begun", func(th *thief) error {
		out, err := th.ListMultipartUploads(th.Context(), &awss3.ListMultipartUploadsInput{Bucket: &th.bucket})
		if err != nil || len(out.Uploads) == 0 {
			return errors.Join(err, errors.New("there is nothing"))
		}
		for _, u := range out.Uploads {
			if strings.HasPrefix(aws.ToString(u.Key), betas) {
				_, err = th.AbortMultipartUpload(th.Context(), &awss3.AbortMultipartUploadInput{Bucket: &th.bucket, Key: u.Key, UploadId: u.UploadId})
			}
		}
		return err
	}},
	{"deletes an object of another peer", func(th *thief) error { return th.deletes(betas+"data/"+strings.Repeat("b", 26), "", false) }},
}

var forgeries = []act{
	{"signs a record with a key of his own", func(th *thief) error { return th.put(th.record(4), th.signed(th.own(), th.first, 4)) }},
	{"puts a record without a signature there", func(th *thief) error {
		text, _, _ := strings.Cut(string(th.signed(th.own(), th.first, 5)), "\n\n")
		return th.put(th.record(5), []byte(text+"\n"))
	}},
	{"puts an old record under a new name", func(th *thief) error {
		text, err := get(th.Context(), th.Client, th.record(2), "")
		if err != nil {
			return err
		}
		return th.put(th.record(6), text)
	}},
	{"takes the last name that there is", func(th *thief) error { return th.put(th.record(9_999_999_999), garbage) }},
	{"takes the next names", func(th *thief) error {
		var errs []error
		for sequence := range int64(30) {
			errs = append(errs, th.put(th.record(7+sequence), garbage))
		}
		return errors.Join(errs...)
	}},
	{"makes up a state", func(th *thief) error { th.file("state", garbage); return nil }},
	{"removes the state", func(th *thief) error { return os.Remove(th.path("state")) }},
	{"has stolen the signing key, and signs another record 1", func(th *thief) error {
		return th.put(th.record(1), th.signed(th.signing, th.last, 1))
	}},
	{"has stolen the signing key, and signs the newest record anew", func(th *thief) error {
		return th.put(th.record(3), th.signed(th.signing, th.first, 3))
	}},
}

// good reads the first backup and the newest one as who may read everything. Each has to be the very one that it was.
func (th *thief) good(name string) {
	th.Helper()
	var all sync.WaitGroup
	for _, sequence := range []int64{0, 1} {
		args := th.readArgs("verify", "--record-sha256", th.sums[cmp.Or(sequence, 3)])
		if sequence > 0 {
			args = append(args, "--sequence", strconv.FormatInt(sequence, 10))
		}
		all.Go(func() {
			if _, said, err := th.run(args...); err != nil {
				th.Errorf("after he %s, backup %d: %v: %s", name, sequence, err, said)
			}
		})
	}
	if all.Wait(); th.Failed() {
		th.FailNow()
	}
}

// holds restores all backups from before as who may read everything, by their numbers and as the newest one.
func (th *thief) holds(name string) {
	th.Helper()
	for _, sequence := range []int64{0, 1, 2, 3} {
		to, err := os.MkdirTemp(th.dir, "restored")
		if err != nil {
			th.Fatal(err)
		}
		args := th.readArgs("restore", "--to", to)
		want := th.trees[3]
		if sequence > 0 {
			args, want = append(args, "--sequence", strconv.FormatInt(sequence, 10)), th.trees[sequence]
		}
		th.must(args...)
		if diff := gocmp.Diff(want, looks(th, to)); diff != "" {
			th.Fatalf("after he %s, backup %d is another (-was +is):\n%s", name, sequence, diff)
		}
		if err := os.RemoveAll(to); err != nil {
			th.Fatal(err)
		}
	}
}

func TestWhoHasThePeersCredentialsTakesNoBackupAway(t *testing.T) {
	for mode, stages := range map[types.ObjectLockRetentionMode][][]act{
		types.ObjectLockRetentionModeGovernance: {reads, overwrites, deletions, rules, others, forgeries},
		types.ObjectLockRetentionModeCompliance: {deletions, rules},
	} {
		t.Run(string(mode), func(t *testing.T) {
			th := newThief(t, mode)
			writer := th.store
			tried, happened := 0, 0
			for _, acts := range stages {
				for _, act := range acts {
					th.credentials(writer)
					err := act.try(th)
					if tried++; err == nil {
						happened++
					}
					t.Logf("he %s: %v", act.name, brief(err))
					th.credentials(th.owner)
					th.good(act.name)
				}
				th.holds(acts[len(acts)-1].name)
			}
			t.Logf("%d acts, of which the store let %d happen; none did harm", tried, happened)
			th.credentials(writer)
			th.noise(mathrand.New(mathrand.NewPCG(9, 9)), "after", 100<<10)
			r := th.backUp()
			th.credentials(th.owner)
			th.exact(r.Sequence)
		})
	}
}

// brief is what a store says, without the number of the request.
func brief(err error) string {
	if err == nil {
		return "it happens"
	}
	text := err.Error()
	return text[max(0, strings.LastIndex(text, "api error ")):]
}
