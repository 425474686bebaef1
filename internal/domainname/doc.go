// Package domainname is what domains are, when they run out, what renewing one costs and for how long it can be renewed.
//
// A [Domain] keeps facts: what the registry said and when, what the customer has paid for, which term was promised at
// which price. A [Policy] says what a registry allows, from a day on; no rule of a registry is written in code. From
// both follow, at an instant, its [Window], its [Status] ([Assess]) and the terms on offer ([Offer]), each by one pure
// function that every face and all automation ask.
//
// Dates of registries are counted in UTC; due dates and prices go by the store's zone.
package domainname
