"""`csctl endpoint`."""

from __future__ import annotations

from typing import Any

import click

from csctl.cli.session import Session, json_option, pass_session, print_json
from csctl.cli.speech_access import Access, resource_options


@click.group()
def endpoint() -> None:
    """Rewrite URLs for custom domains and private endpoints; check the way there."""


@endpoint.command()
@click.argument("url")
@click.option(
    "--custom-domain", metavar="NAME", help="The custom domain of the resource."
)
@click.option("--private", is_flag=True, help="The resource has a private endpoint.")
@click.option("--region", metavar="R", help="Its region; a custom domain tells none.")
@json_option
@pass_session
def url(session: Session, /, as_json: bool, **options: Any) -> None:
    """Rewrite a URL of the Speech service for a resource.

    The REST API's URL moves to the custom domain of a resource that has one. Those of
    the offerings (commands, convai, s2s, stt, tts, voice) move there with --private
    only, and back to the region's hosts without it.
    """
    from csctl.azure import offering
    from csctl.profile import value

    custom_domain, region = options["custom_domain"], options["region"]
    found = offering.rewrite(
        offering.parse(options["url"]),
        custom_domain=custom_domain and value.custom_domain(custom_domain),
        region=region and value.region(region),
        private=options["private"],
    )
    for remark in found.remarks:
        session.say(f"warning: {remark}")
    if not as_json:
        click.echo(str(found))
        return
    print_json(
        {
            "url": str(found),
            "cloud": found.cloud,
            "region": found.region,
            "custom_domain": found.custom_domain,
            "offering": found.offering,
        }
    )


@endpoint.command()
@resource_options
@click.option(
    "--expect",
    metavar="ADDRESS",
    multiple=True,
    help="What the name is to lead to; may be repeated.",
)
@click.option(
    "--dns-server", metavar="ADDRESS", help="Ask this one instead of the host's own."
)
@json_option
@pass_session
def check(
    session: Session,
    /,
    expect: tuple[str, ...],
    dns_server: str | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Check how a Speech resource is reached: DNS, TLS, an authenticated call.

    Says whether its name leads to a private endpoint, to the proxy in front of one, or
    to the region's gateway, and what that means for its URLs.
    """
    from csctl import format as words
    from csctl.azure.check import examine, look
    from csctl.azure.picture import classify
    from csctl.cli.checks import code_of, show

    resource = Access.take(session, options).meant()
    found = look(resource, dns_server)
    checks = examine(resource, found, expect, session.environ, session.say)
    if not as_json:
        return code_of([show(one) for one in checks])
    made = list(checks)
    print_json(
        {
            "host": found.host,
            "chain": list(found.chain),
            "addresses": list(found.addresses),
            "picture": str(classify(found)),
            "checks": [words.check(one) for one in made],
        }
    )
    return code_of(made)
