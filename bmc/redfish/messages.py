"""The messages of DMTF's Base registry (DSP8011, Base 1.22) that this service sends."""

import re
from dataclasses import dataclass

from bmc.redfish.types import VERSIONS, JsonObject

REGISTRY = "Base.1.22"
LONGEST_ARGUMENT = 200
PLACE = re.compile(r"%(\d)")


@dataclass(frozen=True, slots=True)
class Template:
    text: str
    severity: str
    resolution: str


TEMPLATES = {
    "GeneralError": Template(
        "A general error has occurred.  See Resolution for information on how to resolve the error, or "
        "@Message.ExtendedInfo if Resolution is not provided.",
        "Critical",
        "None.",
    ),
    "CreateLimitReachedForResource": Template(
        "The create operation failed because the resource has reached the limit of possible resources.",
        "Critical",
        "Either delete resources and resubmit the request if the operation failed or do not resubmit the request.",
    ),
    "NoOperation": Template(
        "The request body submitted contain no data to act upon and no changes to the resource took place.",
        "Warning",
        "Add properties in the JSON object and resubmit the request.",
    ),
    "PropertyUnknown": Template(
        "The property %1 is not in the list of valid properties for the resource.",
        "Warning",
        "Remove the unknown property from the request body and resubmit the request if the operation failed.",
    ),
    "PropertyNotWritable": Template(
        "The property %1 is a read-only property and cannot be assigned a value.",
        "Warning",
        "Remove the property from the request body and resubmit the request if the operation failed.",
    ),
    "PropertyMissing": Template(
        "The property %1 is a required property and must be included in the request.",
        "Warning",
        "Ensure that the property is in the request body and has a valid value and resubmit the request if the "
        "operation failed.",
    ),
    "PropertyValueTypeError": Template(
        "The value '%1' for the property %2 is not a type that the property can accept.",
        "Warning",
        "Correct the value for the property in the request body and resubmit the request if the operation failed.",
    ),
    "PropertyValueFormatError": Template(
        "The value '%1' for the property %2 is not a format that the property can accept.",
        "Warning",
        "Correct the value for the property in the request body and resubmit the request if the operation failed.",
    ),
    "PropertyValueNotInList": Template(
        "The value '%1' for the property %2 is not in the list of acceptable values.",
        "Warning",
        "Choose a value from the enumeration list that the implementation can support and resubmit the request if "
        "the operation failed.",
    ),
    "PropertyValueOutOfRange": Template(
        "The value '%1' for the property %2 is not in the supported range of acceptable values.",
        "Warning",
        "Correct the value for the property in the request body and resubmit the request if the operation failed.",
    ),
    "PropertyValueError": Template(
        "The value provided for the property %1 is not valid.",
        "Warning",
        "Correct the value for the property in the request body and resubmit the request if the operation failed.",
    ),
    "PropertyValueConflict": Template(
        "The property '%1' could not be written because its value would conflict with the value of the '%2' property.",
        "Warning",
        "None.",
    ),
    "CreateFailedMissingReqProperties": Template(
        "The create operation failed because the required property %1 was missing from the request.",
        "Critical",
        "Correct the body to include the required property with a valid value and resubmit the request if the "
        "operation failed.",
    ),
    "ActionNotSupported": Template(
        "The action %1 is not supported by the resource.",
        "Critical",
        "Check the Actions property in the resource for the supported actions.",
    ),
    "ActionParameterMissing": Template(
        "The action %1 requires the parameter %2 to be present in the request body.",
        "Critical",
        "Supply the action with the required parameter in the request body when the request is resubmitted.",
    ),
    "ActionParameterUnknown": Template(
        "The action %1 was submitted with the invalid parameter %2.",
        "Warning",
        "Correct the invalid action parameter and resubmit the request if the operation failed.",
    ),
    "ActionParameterValueTypeError": Template(
        "The value '%1' for the parameter %2 in the action %3 is not a type that the parameter can accept.",
        "Warning",
        "Correct the value for the parameter in the request body and resubmit the request if the operation failed.",
    ),
    "ActionParameterValueFormatError": Template(
        "The value '%1' for the parameter %2 in the action %3 is not a format that the parameter can accept.",
        "Warning",
        "Correct the value for the parameter in the request body and resubmit the request if the operation failed.",
    ),
    "ActionParameterValueNotInList": Template(
        "The value '%1' for the parameter %2 in the action %3 is not in the list of acceptable values.",
        "Warning",
        "Choose a value from the enumeration list that the implementation can support and resubmit the request if "
        "the operation failed.",
    ),
    "ActionParameterValueOutOfRange": Template(
        "The value '%1' for the parameter %2 in the action %3 is not in the supported range of acceptable values.",
        "Warning",
        "Correct the value for the parameter in the request body and resubmit the request if the operation failed.",
    ),
    "ActionParameterValueError": Template(
        "The value for the parameter %1 in the action %2 is invalid.",
        "Warning",
        "Correct the value for the parameter in the request body and resubmit the request if the operation failed.",
    ),
    "StringValueTooLong": Template(
        "The string '%1' exceeds the length limit %2.",
        "Warning",
        "Resubmit the request with an appropriate string length.",
    ),
    "StringValueTooShort": Template(
        "The string '%1' was under the minimum required length %2.",
        "Warning",
        "Resubmit the request with an appropriate string length.",
    ),
    "ArraySizeTooLong": Template(
        "The array provided for property %1 exceeds the size limit %2.",
        "Warning",
        "Resubmit the request with an appropriate array size.",
    ),
    "ArraySizeTooShort": Template(
        "The array provided for property %1 is under the minimum size limit %2.",
        "Warning",
        "Resubmit the request with an appropriate array size.",
    ),
    "MaximumErrorsExceeded": Template(
        "Too many errors have occurred to report them all.",
        "Critical",
        "Resolve other reported errors and retry the current operation.",
    ),
    "MalformedJSON": Template(
        "The request body submitted was malformed JSON and could not be parsed by the receiving service.",
        "Critical",
        "Ensure that the request body is valid JSON and resubmit the request.",
    ),
    "UnrecognizedRequestBody": Template(
        "The service detected a malformed request body that it was unable to interpret.",
        "Warning",
        "Correct the request body and resubmit the request if it failed.",
    ),
    "PayloadTooLarge": Template(
        "The supplied payload exceeds the maximum size supported by the service.",
        "Critical",
        "Check that the supplied payload is correct and supported by this service.",
    ),
    "QueryParameterValueFormatError": Template(
        "The value '%1' for the parameter %2 is not a format that the parameter can accept.",
        "Warning",
        "Correct the value for the query parameter in the request and resubmit the request if the operation failed.",
    ),
    "QueryParameterValueTypeError": Template(
        "The value '%1' for the query parameter %2 is not a type that the parameter can accept.",
        "Warning",
        "Correct the value for the query parameter in the request and resubmit the request if the operation failed.",
    ),
    "QueryParameterOutOfRange": Template(
        "The value '%1' for the query parameter %2 is out of range %3.",
        "Warning",
        "Reduce the value for the query parameter to a value that is within range, such as a start or count value "
        "that is within bounds of the number of resources in a collection or a page number that is within the range "
        "of valid pages.",
    ),
    "QueryCombinationInvalid": Template(
        "Two or more query parameters in the request cannot be used together.",
        "Warning",
        "Remove one or more of the query parameters and resubmit the request if the operation failed.",
    ),
    "QueryNotSupportedOnOperation": Template(
        "Querying is not supported with the requested operation.",
        "Warning",
        "Remove the query parameters and resubmit the request if the operation failed.",
    ),
    "InsufficientStorage": Template(
        "Insufficient storage or memory available to complete the request.",
        "Critical",
        "Increase the free storage space available to the service and resubmit the request.",
    ),
    "QueryParameterUnsupported": Template(
        "Query parameter '%1' is not supported.",
        "Warning",
        "Correct or remove the query parameter and resubmit the request.",
    ),
    "QueryNotSupportedOnResource": Template(
        "Querying is not supported on the requested resource.",
        "Warning",
        "Remove the query parameters and resubmit the request if the operation failed.",
    ),
    "ResourceMissingAtURI": Template(
        "The resource at the URI '%1' was not found.",
        "Critical",
        "Place a valid resource at the URI or correct the URI and resubmit the request.",
    ),
    "ResourceAlreadyExists": Template(
        "The requested resource of type %1 with the property %2 with the value '%3' already exists.",
        "Critical",
        "Do not repeat the create operation as the resource was already created.",
    ),
    "ResourceInUse": Template(
        "The change to the requested resource failed because the resource is in use or in transition.",
        "Warning",
        "Remove the condition and resubmit the request if the operation failed.",
    ),
    "ServiceTemporarilyUnavailable": Template(
        "The service is temporarily unavailable.  Retry in %1 seconds.",
        "Critical",
        "Wait for the indicated retry duration and retry the operation.",
    ),
    "NoValidSession": Template(
        "There is no valid session established with the implementation.",
        "Critical",
        "Establish a session before attempting any operations.",
    ),
    "InsufficientPrivilege": Template(
        "There are insufficient privileges for the account or credentials associated with the current session to "
        "perform the requested operation.",
        "Critical",
        "Either abandon the operation or change the associated access rights and resubmit the request if the "
        "operation failed.",
    ),
    "InternalError": Template(
        "The request failed due to an internal service error.  The service is still operational.",
        "Critical",
        "Resubmit the request.  If the problem persists, consider resetting the service.",
    ),
    "OperationFailed": Template(
        "An error occurred internal to the service as part of the overall request.  Partial results may have been "
        "returned.",
        "Warning",
        "Resubmit the request.  If the problem persists, consider resetting the service or provider.",
    ),
    "OperationTimeout": Template(
        "A timeout internal to the service occurred as part of the request.  Partial results may have been returned.",
        "Warning",
        "Resubmit the request.  If the problem persists, consider resetting the service or provider.",
    ),
    "OperationNotAllowed": Template(
        "The HTTP method is not allowed on this resource.",
        "Critical",
        "None.",
    ),
    "CouldNotEstablishConnection": Template(
        "The service failed to establish a connection with the URI '%1'.",
        "Critical",
        "Ensure that the URI contains a valid and reachable node name, protocol information, and other URI components.",
    ),
    "PreconditionFailed": Template(
        "The ETag supplied did not match the ETag required to change this resource.",
        "Critical",
        "Try the operation again using the appropriate ETag.",
    ),
    "EventBufferExceeded": Template(
        "Undelivered events may have been lost due to exceeding the event buffer.",
        "Warning",
        "None.",
    ),
    "HeaderInvalid": Template(
        "Header '%1' is invalid.",
        "Critical",
        "Resubmit the request with a valid request header.",
    ),
}


def message(name: str, *arguments: object, text: str = "", related: str = "") -> JsonObject:
    """One entry of @Message.ExtendedInfo (Message v1_3_0).

    `text` says it more precisely than the registry can; `related` is the JSON pointer of the property meant.
    """
    template = TEMPLATES[name]
    shown = [str(argument)[:LONGEST_ARGUMENT] for argument in arguments]
    filled = PLACE.sub(lambda place: shown[int(place[1]) - 1], template.text)
    entry: JsonObject = {
        "@odata.type": f"#Message.{VERSIONS['Message']}.Message",
        "MessageId": f"{REGISTRY}.{name}",
        "Message": text or filled,
        "MessageArgs": shown,
        "MessageSeverity": template.severity,
        "Resolution": template.resolution,
    }
    if related:
        entry["RelatedProperties"] = [related]
    return entry
