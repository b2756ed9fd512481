"""What forms ask and what is filled in: labels with values that suit them."""

from __future__ import annotations

import json
import random
import string
from dataclasses import dataclass
from pathlib import Path

from dessurt.synth.text import Writer, clean

# Labels by the kind of value that belongs to them.
LABELS = {
    "name": (
        "Name", "Full name", "First name", "Last name", "Surname", "Applicant", "Contact person",
        "Name of patient", "Parent or guardian", "Employer", "Prepared by", "Approved by",
        "Next of kin", "Witness", "Signature", "Owner", "Name of child", "Physician", "Attention",
        "Requested by", "Salesperson", "Spouse", "Maiden name", "Supervisor", "Agent",
    ),
    "date": (
        "Date", "Date of birth", "Date issued", "Expiry date", "Valid until", "Start date",
        "End date", "Due date", "Date of hire", "Received", "Effective date", "Date signed",
        "Arrival", "Departure", "Inspection date", "Last visit", "Period from", "to", "Born",
    ),
    "amount": (
        "Amount", "Total", "Balance", "Salary", "Deposit", "Fee", "Price", "Net pay", "Tax",
        "Subtotal", "Annual income", "Monthly rent", "Amount due", "Premium", "Estimated cost",
        "Gross wages", "Opening balance", "Closing balance", "Discount", "Interest", "Budget",
    ),
    "number": (
        "Age", "Quantity", "Pages", "Weight", "Height", "Number of children", "Hours", "Rooms",
        "Score", "Temperature", "Distance", "Volume", "Items", "Copies", "Size", "Year", "Floor",
    ),
    "code": (
        "ID number", "Account no.", "Reference", "Policy number", "Case no.", "Order number",
        "Passport no.", "License number", "Serial no.", "Customer no.", "Invoice no.", "Batch",
        "Social security number", "Form no.", "Part number", "Tax ID", "Permit no.", "File no.",
        "Model", "Code", "Lot", "Ref", "Registration", "Tracking number", "VAT no.", "IBAN",
    ),
    "place": (
        "City", "Town", "State", "Country", "County", "Place of birth", "Branch", "Location",
        "Destination", "Port of entry", "Nationality", "District", "Site", "Province",
    ),
    "address": ("Address", "Home address", "Mailing address", "Street", "Ship to", "Bill to",
                "Permanent address", "Delivery address", "Place of work", "Billing address"),
    "phone": ("Phone", "Telephone", "Fax", "Mobile", "Daytime phone", "Tel.", "Contact number"),
    "mail": ("E-mail", "Email address", "Website", "E-mail (work)", "User name"),
    "company": ("Company", "Organization", "Institution", "Department", "School", "Bank",
                "Insurer", "Manufacturer", "Supplier", "Agency", "Client", "Occupation", "Title"),
    "choice": ("Sex", "Marital status", "Status", "Type", "Category", "Class", "Grade", "Race",
               "Currency", "Language", "Method of payment", "Priority", "Condition", "Citizen"),
    "text": ("Remarks", "Comments", "Description", "Reason", "Purpose", "Notes", "Diagnosis",
             "Subject", "Instructions", "Other", "Explain", "Duties", "Findings", "Brand"),
}  # fmt: skip
GROUPS = (
    "Personal information", "Applicant", "Employment", "Education", "Contact details", "Payment",
    "For office use only", "Part I", "Part II", "Section A", "Section B", "1. General", "Medical "
    "history", "Insurance", "Vehicle", "Property", "References", "Emergency contact", "Shipping",
    "Declaration", "Signature", "Schedule", "Test results", "Equipment", "Travel", "Bank details",
    "Family", "Project", "Summary", "Details of claim", "Military service", "Sample", "Order",
)  # fmt: skip
TITLES = (
    "Application", "Registration form", "Claim form", "Questionnaire", "Certificate", "Order form",
    "Request for leave", "Inspection report", "Membership application", "Expense report",
    "Patient record", "Change of address", "Purchase order", "Work order", "Time sheet",
    "Statement of account", "Survey", "Permit", "Declaration", "Laboratory report", "Transcript",
    "Incident report", "Credit application", "Reservation", "Return slip", "Evaluation",
)  # fmt: skip
CHOICES = ("Yes", "No", "M", "F", "Male", "Female", "Single", "Married", "Divorced", "A", "B",
           "New", "Used", "Cash", "Check", "Visa", "Urgent", "Normal", "N/A", "None", "Other",
           "Full time", "Part time", "USD", "EUR", "English", "Draft", "Final", "Good", "Fair")
GOODS = ("Cable", "Paper", "Toner", "Chair", "Lamp", "Coffee", "Bread", "Milk", "Soap", "Screws",
         "Service", "Repair", "Shipping", "Licence", "Consulting", "Tea", "Apples", "Batteries",
         "Pens", "Filter", "Pump", "Hose", "Valve", "Sandwich", "Water", "Juice", "Rental",
         "Labour", "Support", "Tickets", "Books", "Paint", "Timber", "Bolts", "Gloves")  # fmt: skip


@dataclass(frozen=True)
class Field:
    """What a form asks, and the lines filled in; none: it is left blank."""

    label: str
    value: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """Fields that belong together, perhaps under a title."""

    title: str
    fields: tuple[Field, ...]


def groups(path: Path) -> tuple[Group, ...]:
    """Fields of a file: the original's gpt2_form_generation.json, or one like it.

    It is [document, ...], a document [title or null, [[label, value or [line, ...]], ...]].

    Raises:
        OSError: it cannot be read.
        ValueError: it is not as described, or has no field.
    """
    found = []
    try:
        for title, pairs in json.loads(path.read_text(encoding="utf-8-sig")):
            fields = []
            for label, value in pairs:
                lines = [value] if isinstance(value, str) else value
                label = clean(label).rstrip(": ")  # how a form writes its labels, it says itself
                fields.append(Field(label, tuple(filter(None, map(clean, lines)))))
            found.append(Group(clean(title or ""), tuple(each for each in fields if each.label)))
    except (TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"{path} does not list labels and values ({error!r}).") from error
    if not any(group.fields for group in found):
        raise ValueError(f"{path} has no field.")
    return tuple(group for group in found if group.fields)


def field(write: Writer, blank: float = 0.1) -> Field:
    """One by chance; `blank`: how often it has no value."""
    rng = write.rng
    kind = rng.choice(tuple(LABELS))
    label = rng.choice(LABELS[kind])
    if rng.random() < 0.25:  # any words, so that labels are read rather than known
        label = write.words(rng.randint(1, 4)).capitalize()
    label = rng.choice((label, label, label, label.upper(), label.title()))
    if rng.random() < 0.08:
        label = f"{rng.randint(1, 40)}{rng.choice(('.', ')', 'a.', ''))} {label}"
    if rng.random() < blank:
        return Field(label, ())
    value = tuple(line for line in value_of(write, kind) if line)
    return Field(label, tuple(line.upper() for line in value) if rng.random() < 0.1 else value)


def value_of(write: Writer, kind: str) -> tuple[str, ...]:
    """Lines that answer a label of a kind."""
    rng, fake = write.rng, write.faker
    if kind == "name":
        return (fake.name(),)
    if kind == "date":
        return (write.date(),)
    if kind == "amount":
        return (amount(rng),)
    if kind == "number":
        unit = rng.choice(("", "", "", " kg", " cm", " m", " %", " h", " lbs", " °C"))
        return (f"{rng.randint(0, 10 ** rng.randint(1, 4))}{unit}",)
    if kind == "code":
        return (code(rng),)
    if kind == "place":
        return (rng.choice((fake.city, fake.country))(),)
    if kind == "address":
        lines = fake.address().split("\n")
        return tuple(lines) if rng.random() < 0.6 else (", ".join(lines),)
    if kind == "phone":
        return (fake.phone_number(),)
    if kind == "mail":
        return (rng.choice((fake.email, fake.url, fake.user_name))(),)
    if kind == "company":
        return (rng.choice((fake.company, fake.job))(),)
    if kind == "choice":
        return (rng.choice(CHOICES),)
    return (write.prose(rng.randint(1, 14)),)


def amount(rng: random.Random) -> str:
    """Money."""
    sign = rng.choice(("", "", "$", "$", "€", "£", "$ ", "USD ", "EUR "))
    return f"{sign}{rng.random() * 10 ** rng.randint(1, 5):,.2f}"


def code(rng: random.Random) -> str:
    """Letters and digits in groups."""
    pools = (string.digits, string.digits, string.ascii_uppercase, string.digits + "ABCDEFGHX")
    parts = ("".join(rng.choices(rng.choice(pools), k=rng.randint(1, 5)))
             for _ in range(rng.randint(1, 4)))  # fmt: skip
    return rng.choice(("-", "-", " ", "/", ".", "")).join(parts)
