// SPDX-License-Identifier: Apache-2.0

// Package audit reads the API server's audit log, which is how a test learns what was really asked of the API: an operator that says it has
// converged must then be silent, and only the server knows.
package audit

import (
	"slices"
	"strings"
	"time"
)

// Entry is one answered request.
type Entry struct {
	// ID is the same in all entries of one request.
	ID string
	// Stage is ResponseComplete, or ResponseStarted for a watch that is still open.
	Stage string
	// Verb is the API's verb: get, list, watch, create, update, patch, delete, deletecollection, or a lower-case HTTP method for other paths.
	Verb string
	// URI is the request's path and query.
	URI string
	// User is who asked, UserAgent with which program. Groups are the user's.
	User, UserAgent string
	Groups          []string
	// Group, Resource, Subresource, Namespace and Name say which object was meant; all empty for paths that are no resources.
	Group, Resource, Subresource, Namespace, Name string
	// Code is the HTTP status of the answer.
	Code int
	// Received is when the request arrived, Answered when this stage was reached.
	Received, Answered time.Time
}

// mutatingVerbs change something, or would have.
var mutatingVerbs = []string{"create", "update", "patch", "delete", "deletecollection"}

// unstored are resources whose "creation" is a question or a token: nothing is written.
var unstored = []string{"tokenreviews", "subjectaccessreviews", "selfsubjectaccessreviews", "localsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"}

// DryRun reports whether the request only asked what would become of it.
func (e Entry) DryRun() bool {
	_, query, _ := strings.Cut(e.URI, "?")
	return slices.Contains(strings.Split(query, "&"), "dryRun=All")
}

// Mutating reports whether the request asked to change a stored object, whatever the answer was. A dry run asks
// what would happen, and changes nothing.
func (e Entry) Mutating() bool {
	if !slices.Contains(mutatingVerbs, e.Verb) || slices.Contains(unstored, e.Resource) || e.DryRun() {
		return false
	}
	return !(e.Resource == "serviceaccounts" && e.Subresource == "token")
}

// Filter decides whether an entry counts.
type Filter func(Entry) bool

// ByUser keeps the requests of one user.
func ByUser(user string) Filter { return func(e Entry) bool { return e.User == user } }

// ByUserAgent keeps the requests of programs whose user agent starts with prefix.
func ByUserAgent(prefix string) Filter {
	return func(e Entry) bool { return len(e.UserAgent) >= len(prefix) && e.UserAgent[:len(prefix)] == prefix }
}

// Except keeps what is not about the given resource, such as the leases of leader election.
func Except(resource string) Filter { return func(e Entry) bool { return e.Resource != resource } }

// Mutations returns the mutating requests that pass every filter.
func Mutations(entries []Entry, filters ...Filter) []Entry {
	var kept []Entry
	for _, e := range entries {
		if e.Mutating() && !slices.ContainsFunc(filters, func(f Filter) bool { return !f(e) }) {
			kept = append(kept, e)
		}
	}
	return kept
}

// CountBy counts entries by a key such as the user or the verb and resource.
func CountBy(entries []Entry, key func(Entry) string) map[string]int {
	counts := map[string]int{}
	for _, e := range entries {
		counts[key(e)]++
	}
	return counts
}

// VerbAndResource is a key for CountBy: "patch statefulsets", "patch peernodes/status".
func VerbAndResource(e Entry) string {
	if e.Subresource == "" {
		return e.Verb + " " + e.Resource
	}
	return e.Verb + " " + e.Resource + "/" + e.Subresource
}

// User is a key for CountBy.
func User(e Entry) string { return e.User }

// UserAgent is a key for CountBy.
func UserAgent(e Entry) string { return e.UserAgent }
