// SPDX-License-Identifier: Apache-2.0

// Package s3 is for tests that need a store of S3: it starts a real one, and looks into any.
package s3

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Region is that of every store here.
const Region = "us-east-1"

// Store is where a store is, and who asks.
type Store struct {
	// Endpoint is its URL, and CA the certificate, in PEM, by which to know it.
	Endpoint string
	CA       []byte
	// AccessKey and SecretKey are the credentials.
	AccessKey, SecretKey string
	// Via is an address that is asked in the place of the endpoint's host, where that has no name here.
	Via string
}

// As is the same store, asked by somebody else.
func (s Store) As(accessKey, secretKey string) Store {
	s.AccessKey, s.SecretKey = accessKey, secretKey
	return s
}

// CreateBucket makes a bucket.
func (s Store) CreateBucket(ctx context.Context, bucket string) error {
	client, err := s.Client()
	if err != nil {
		return err
	}
	_, err = client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket})
	return err
}

// CreateLockedBucket makes a bucket that keeps what is put there for some days, in a mode such as COMPLIANCE; for 0 days it
// can do so, and has no such default.
func (s Store) CreateLockedBucket(ctx context.Context, bucket, mode string, days int32) error {
	client, err := s.Client()
	if err != nil {
		return err
	}
	if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket, ObjectLockEnabledForBucket: aws.Bool(true)}); err != nil || days == 0 {
		return err
	}
	_, err = client.PutObjectLockConfiguration(ctx, &s3.PutObjectLockConfigurationInput{Bucket: &bucket, ObjectLockConfiguration: &types.ObjectLockConfiguration{
		ObjectLockEnabled: types.ObjectLockEnabledEnabled,
		Rule:              &types.ObjectLockRule{DefaultRetention: &types.DefaultRetention{Mode: types.ObjectLockRetentionMode(mode), Days: &days}},
	}})
	return err
}

// KeepVersions has a bucket keep what is written over or deleted.
func (s Store) KeepVersions(ctx context.Context, bucket string) error {
	client, err := s.Client()
	if err != nil {
		return err
	}
	_, err = client.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: &bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
	return err
}

// Leftovers are how many versions of objects, marks of deletion and uploads that were not ended a bucket holds.
func (s Store) Leftovers(ctx context.Context, bucket string) (versions, marks, uploads int, err error) {
	client, err := s.Client()
	if err != nil {
		return 0, 0, 0, err
	}
	all, err := client.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &bucket})
	if err != nil {
		return 0, 0, 0, err
	}
	parts, err := client.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &bucket})
	if err != nil {
		return 0, 0, 0, err
	}
	return len(all.Versions), len(all.DeleteMarkers), len(parts.Uploads), nil
}

// Statement is one of a policy of a bucket, without whom it is for.
type Statement struct {
	Sid      string `json:",omitempty"`
	Effect   string
	Action   []string
	Resource string
	// Condition is, by operator, what keys of the request have to be.
	Condition map[string]map[string][]string `json:",omitempty"`
}

// Allow lets a user do these things, such as s3:PutObject, with the objects of a bucket. It takes the place of what the
// bucket allowed before.
func (s Store) Allow(ctx context.Context, bucket, accessKey string, actions ...string) error {
	return s.SetPolicy(ctx, bucket, accessKey, Statement{Effect: "Allow", Action: actions, Resource: "arn:aws:s3:::" + bucket + "/*"})
}

// SetPolicy makes these statements of a user the policy of a bucket, in the place of the one of before.
func (s Store) SetPolicy(ctx context.Context, bucket, accessKey string, statements ...Statement) error {
	return s.SetPolicies(ctx, bucket, map[string][]Statement{accessKey: statements})
}

// SetPolicies does so with the statements of several users.
func (s Store) SetPolicies(ctx context.Context, bucket string, of map[string][]Statement) error {
	type named struct {
		Statement

		Principal map[string][]string
	}
	var all []named
	for accessKey, statements := range of {
		for _, statement := range statements {
			all = append(all, named{statement, map[string][]string{"AWS": {accessKey}}})
		}
	}
	policy, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": all})
	if err != nil {
		return err
	}
	client, err := s.Client()
	if err != nil {
		return err
	}
	_, err = client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &bucket, Policy: aws.String(string(policy))})
	return err
}

// Put writes an object, over whatever is there.
func (s Store) Put(ctx context.Context, bucket, name string, content []byte) error {
	client, err := s.Client()
	if err != nil {
		return err
	}
	_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &name, Body: bytes.NewReader(content)})
	return err
}

// Get reads an object.
func (s Store) Get(ctx context.Context, bucket, name string) ([]byte, error) {
	client, err := s.Client()
	if err != nil {
		return nil, err
	}
	out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &name})
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	return io.ReadAll(out.Body)
}

// Delete removes an object.
func (s Store) Delete(ctx context.Context, bucket, name string) error {
	client, err := s.Client()
	if err != nil {
		return err
	}
	_, err = client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: &name})
	return err
}

// List returns the names of all objects of a bucket, sorted.
func (s Store) List(ctx context.Context, bucket string) (names []string, err error) {
	err = s.each(ctx, bucket, func(o types.Object) { names = append(names, aws.ToString(o.Key)) })
	return names, err
}

// Size is how many bytes all objects of a bucket have.
func (s Store) Size(ctx context.Context, bucket string) (sum int64, err error) {
	err = s.each(ctx, bucket, func(o types.Object) { sum += aws.ToInt64(o.Size) })
	return sum, err
}

func (s Store) each(ctx context.Context, bucket string, see func(types.Object)) error {
	client, err := s.Client()
	if err != nil {
		return err
	}
	for pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &bucket}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, object := range page.Contents {
			see(object)
		}
	}
	return nil
}

// Client speaks with the store in the words of S3, for what has none here.
func (s Store) Client() (*s3.Client, error) {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(s.CA) {
		return nil, errors.New("the CA of the store is not PEM")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true}
	if s.Via != "" {
		transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, s.Via)
			if err != nil {
				return nil, fmt.Errorf("in the place of %s: %w", s.Endpoint, err)
			}
			return conn, nil
		}
	}
	return s3.New(s3.Options{
		BaseEndpoint: &s.Endpoint, Region: Region, UsePathStyle: true, HTTPClient: &http.Client{Transport: transport},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: s.AccessKey, SecretAccessKey: s.SecretKey}, nil
		}),
	}), nil
}
