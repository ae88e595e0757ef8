// SPDX-License-Identifier: Apache-2.0

package builders

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// Answered is what the controller of the Gateways says of a route as it stands: whether each takes it, and that it can follow it.
func Answered(route *gatewayv1.TLSRoute, accepted metav1.ConditionStatus, message string) {
	said := func(which gatewayv1.RouteConditionType, status metav1.ConditionStatus) metav1.Condition {
		return metav1.Condition{Type: string(which), Status: status, Reason: "Said", Message: message, ObservedGeneration: route.Generation, LastTransitionTime: metav1.Now()}
	}
	route.Status.Parents = nil
	for _, ref := range route.Spec.ParentRefs {
		route.Status.Parents = append(route.Status.Parents, gatewayv1.RouteParentStatus{
			ParentRef: ref, ControllerName: "example.com/gateways",
			Conditions: []metav1.Condition{said(gatewayv1.RouteConditionAccepted, accepted), said(gatewayv1.RouteConditionResolvedRefs, metav1.ConditionTrue)},
		})
	}
}
