"""The operations of the official description that are not simulated: the key has not their scope."""

from typing import Final

UNSIMULATED: Final = tuple(
    tuple(line.replace("~", "/v1/memberships/{contractId}/self-service").split())
    for line in """
POST /v1/checkin-vouchers/redeem
POST /v1/communications/{customerId}/threads
PUT /v1/communications/{customerId}/threads/{threadId}
GET /v1/cross-studio/customers/by
POST /v1/cross-studio/customers/search
GET /v1/cross-studio/customers/{customerId}
GET /v1/cross-studio/customers/{customerId}/activities/checkins
GET /v1/cross-studio/membership-offers/studios
GET /v1/customers/additional-information-fields
GET /v1/customers/benefits
GET /v1/customers/measurement/latest
PUT /v1/customers/{customerId}/access-medium
POST /v1/customers/{customerId}/account/payment
POST /v1/customers/{customerId}/account/payment-instrument
PUT /v1/customers/{customerId}/additional-information-field-assignments
GET /v1/customers/{customerId}/benefits
POST /v1/customers/{customerId}/benefits/{benefitKey}/use
GET /v1/customers/{customerId}/documents
POST /v1/customers/{customerId}/documents
GET /v1/customers/{customerId}/documents/{id}
PUT /v1/customers/{customerId}/images
POST /v1/customers/{customerId}/self-service/address-data
GET /v1/customers/{customerId}/self-service/address-data
DELETE /v1/customers/{customerId}/self-service/amendment/{amendmentId}
POST /v1/customers/{customerId}/self-service/contact-data
GET /v1/customers/{customerId}/self-service/contact-data
POST /v1/customers/{customerId}/self-service/master-data
GET /v1/customers/{customerId}/self-service/master-data
POST /v1/customers/{customerId}/self-service/payment-data
GET /v1/customers/{customerId}/self-service/payment-data
POST /v1/customers/{customerId}/switch-studio
POST /v1/customers/{customerId}/weighing
GET /v1/debt-collection/blocked/debtors
GET /v1/debt-collection/blocked/debts
GET /v1/debt-collection/cases
GET /v1/debt-collection/configuration
POST /v1/debt-collection/update
POST /v1/debt-collection/{debtCollectionRunId}/confirmTransfer
GET /v1/debt-collection/{debtCollectionRunId}/debtors
GET /v1/debt-collection/{debtCollectionRunId}/details
POST /v1/memberships/customers/{customerId}/add-membership
POST /v1/memberships/customers/{customerId}/add-membership/preview
GET /v1/memberships/membership-offers
GET /v1/memberships/membership-offers/{membershipOfferId}
GET /v1/memberships/self-service/additional-modules
POST /v1/memberships/signup
POST /v1/memberships/signup/preview
GET ~/additional-module-contracts/{additionalModuleContractId}
POST ~/additional-module-contracts/{additionalModuleContractId}/ordinary-cancelation
POST ~/additional-module-contracts/{additionalModuleContractId}/withdraw-cancelation
GET ~/additional-modules/purchasable
POST ~/additional-modules/purchase
POST ~/additional-modules/validate
PUT ~/idle-periods/{idlePeriodId}
PUT ~/idle-periods/{idlePeriodId}/preview
POST /v1/memberships/{customerId}/membership-switch
GET /v1/memberships/{customerId}/membership-switch/configs
GET /v1/memberships/{customerId}/membership-switch/configs/{configId}
POST /v1/memberships/{customerId}/membership-switch/preview
PUT /v1/studios/information/tags
GET /v1/studios/tags
POST /v1/taxadvisor/exports/create
GET /v1/taxadvisor/exports/{exportId}
POST /v1/trial-offers/appointments/booking/book
POST /v1/trial-offers/appointments/booking/validate
GET /v1/trial-offers/bookable-trial-offers/appointments/bookable
GET /v1/trial-offers/bookable-trial-offers/appointments/bookable/{bookableAppointmentId}/slots
GET /v1/trial-offers/bookable-trial-offers/classes
GET /v1/trial-offers/bookable-trial-offers/classes/{classId}/slots
POST /v1/trial-offers/bookings/{bookingId}/confirm
POST /v1/trial-offers/classes/booking/book
POST /v1/trial-offers/classes/booking/validate
GET /v1/trial-offers/config/{configId}
POST /v1/trial-offers/lead/create
POST /v1/trial-offers/lead/validate
""".strip().splitlines()
)
"""Method and path of each, from the descriptions 1.5.0 and 1.11.0."""
