// SPDX-License-Identifier: Apache-2.0

// Package e2e tells the stories of people who run peers, on a real node with real containers and the operator
// installed as they would install it. hack/e2e.sh runs it, with the build tag e2e.
package e2e
