// SPDX-License-Identifier: Apache-2.0

// Package metricsguard lets nobody read metrics whom the API server does not let.
package metricsguard

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-logr/logr"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// reviewTimeout ends the question whether somebody may read the metrics.
const reviewTimeout = 10 * time.Second

// Provide lets those read the metrics whose token the API server knows and whom it allows to get the path.
// Every scrape is reviewed anew, so that a right that is taken away ends at once.
//
// controller-runtime has a filter of its own that does the same. It brings in the libraries that an API server
// is made of: 20 MB of program, of which about as much lies in memory for good.
func Provide(config *rest.Config, httpClient *http.Client) (metricsserver.Filter, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{authenticationv1.AddToScheme, authorizationv1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("register kinds: %w", err)
		}
	}
	reviews, err := client.New(config, client.Options{Scheme: scheme, HTTPClient: httpClient})
	if err != nil {
		return nil, fmt.Errorf("make the client that reviews readers of metrics: %w", err)
	}
	return func(log logr.Logger, metrics http.Handler) (http.Handler, error) {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(r.Context(), reviewTimeout)
			defer cancel()
			status, err := reviewReader(ctx, reviews, r)
			switch {
			case err != nil:
				log.Error(err, "cannot find out whether somebody may read the metrics")
				http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
			case status != http.StatusOK:
				http.Error(w, http.StatusText(status), status)
			default:
				metrics.ServeHTTP(w, r)
			}
		}), nil
	}, nil
}

// reviewReader returns the HTTP status that a request for metrics deserves.
func reviewReader(ctx context.Context, reviews client.Client, r *http.Request) (int, error) {
	kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(kind, "Bearer") || token == "" {
		return http.StatusUnauthorized, nil
	}
	who := &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token}}
	if err := reviews.Create(ctx, who); err != nil {
		return 0, fmt.Errorf("review a token: %w", err)
	}
	if !who.Status.Authenticated {
		return http.StatusUnauthorized, nil
	}
	may := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User:   who.Status.User.Username,
		UID:    who.Status.User.UID,
		Groups: who.Status.User.Groups,
		Extra:  map[string]authorizationv1.ExtraValue{},
		NonResourceAttributes: &authorizationv1.NonResourceAttributes{
			Path: r.URL.Path,
			Verb: strings.ToLower(r.Method),
		},
	}}
	for key, values := range who.Status.User.Extra {
		may.Spec.Extra[key] = authorizationv1.ExtraValue(values)
	}
	if err := reviews.Create(ctx, may); err != nil {
		return 0, fmt.Errorf("review the rights of %s: %w", who.Status.User.Username, err)
	}
	if !may.Status.Allowed {
		return http.StatusForbidden, nil
	}
	return http.StatusOK, nil
}
