"""`csctl adopt`."""

from __future__ import annotations

from pathlib import Path

import click

from csctl.cli.session import Session, json_option, pass_session, yes_option


@click.command()
@click.argument("container")
@click.option(
    "-o", "--output", "output", required=True, metavar="PROFILE", help="File to write."
)
@click.option(
    "--model", "model_id", metavar="ID", help="The model, where it is unclear."
)
@yes_option
@json_option
@pass_session
def adopt(
    session: Session,
    container: str,
    output: str,
    model_id: str | None,
    yes: bool,
    as_json: bool,
) -> int:
    """Take over a container that was started by hand.

    Writes its profile, then replaces the container by a managed one with the same
    model and license; nothing is downloaded again. Its key is not written down: the
    profile names the variable to set.
    """
    from csctl import record
    from csctl.cli.several import code_of, run_all
    from csctl.lifecycle import adopt as adoption
    from csctl.lifecycle.apply import apply, propose
    from csctl.profile.load import load, parse

    path = Path(output)
    adoption.check_target(path)
    engine = session.connect()
    found = adoption.look(engine, container, model_id=model_id)
    text = adoption.profile_text(found)
    environ = dict(session.environ) | dict(found.environ)
    draft = parse(text, file=output, base=path.absolute().parent, environ=environ)[0]
    plan = propose(engine, draft, environ, take_over=True)
    session.say(text)
    session.say(str(plan))
    session.confirm(f"Write {path}, and take {container} over?", yes=yes)
    if plan.problems:
        raise plan.problems[0]
    record.write_atomically(path, text)
    adoption.record_parts(found)
    profile = load([path], environ)[0]
    jobs = {profile.name: lambda: apply(engine, profile, environ, take_over=True)}
    results, errors = run_all(session, jobs)
    for name in found.environ:
        session.say(f"set {name} before the next apply of {path}")
    if as_json:
        from csctl.cli.apply import done_row
        from csctl.cli.session import one_or_list, print_json

        print_json(one_or_list([done_row(done) for done in results.values()]))
    else:
        for done in results.values():
            click.echo(f"{done.profile}: {done.outcome} ({done.seconds:.1f} s)")
    return code_of(errors)
