// SPDX-License-Identifier: Apache-2.0

// Command objectpipe writes its standard input into an object of S3, or an object to its standard output, as the
// manager of the SDK for Go does it: in parts, several at a time. It is the last program of pipelines that know no S3.
//
//	objectpipe put|get BUCKET NAME
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "objectpipe:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 3 {
		return errors.New("it is called as objectpipe put|get BUCKET NAME")
	}
	manager, err := newManager()
	if err != nil {
		return err
	}
	bucket, name := &args[1], &args[2]
	switch args[0] {
	case "put":
		_, err = manager.UploadObject(ctx, &transfermanager.UploadObjectInput{Bucket: bucket, Key: name, Body: struct{ io.Reader }{os.Stdin}})
		return err
	case "get":
		out, err := manager.GetObject(ctx, &transfermanager.GetObjectInput{Bucket: bucket, Key: name})
		if err != nil {
			return err
		}
		_, err = io.Copy(os.Stdout, out.Body)
		return err
	}
	return fmt.Errorf("%q is neither put nor get", args[0])
}

// newManager takes from the environment what restic takes from there, and where the store is.
func newManager() (*transfermanager.Client, error) {
	ca, err := os.ReadFile(os.Getenv("S3_CA_FILE"))
	if err != nil {
		return nil, fmt.Errorf("the CA of the store: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return nil, errors.New("the CA of the store is not PEM")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, MaxIdleConnsPerHost: 16}
	return transfermanager.New(s3.New(s3.Options{
		BaseEndpoint: aws.String(os.Getenv("S3_ENDPOINT")), Region: os.Getenv("AWS_REGION"), UsePathStyle: true,
		HTTPClient: &http.Client{Transport: transport},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY")}, nil
		}),
	})), nil
}
