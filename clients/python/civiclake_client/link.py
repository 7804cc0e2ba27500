"""The way to one gateway: waiting when it says so, problems as exceptions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from civiclake_client.problems import CivicLakeError, UnreachableError, problem_of

Parameters = Sequence[tuple[str, str]]
_WAITED_FOR = (429, 503)


@dataclass(frozen=True)
class Patience:
    """How long one request is tried: `attempts` in all, `seconds` of waiting between them; `wait` does the waiting.

    What the gateway asks for in Retry-After is waited for as long as it fits; a broken connection is tried again after
    1, 2, 4 ... seconds. Other refusals are final.
    """

    attempts: int = 6
    seconds: float = 180
    wait: Callable[[float], None] = time.sleep


class Link:
    """Requests to one gateway by an HTTP client that knows its address and says who asks."""

    def __init__(self, http: httpx.Client, patience: Patience) -> None:
        self.patience = patience
        self._http = http

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, path: str, parameters: Parameters | None = None) -> httpx.Response:
        """An answer, read whole. Raises the problem it is otherwise."""
        request = self._http.build_request("GET", path, params=_given(parameters))
        return self._answer(request)

    def json(self, path: str, parameters: Parameters | None = None) -> dict[str, Any]:
        """A JSON document."""
        found = self.get(path, parameters).json()
        if not isinstance(found, dict):
            raise CivicLakeError(f"{path} gave no document: is this a CivicLake gateway?")
        return found

    def post(self, path: str, body: Mapping[str, Any]) -> httpx.Response:
        """The answer to a question put in a body; asking twice changes nothing."""
        return self._answer(self._http.build_request("POST", path, json=body))

    @contextmanager
    def stream(self, path: str, parameters: Parameters, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
        """An answer whose bytes are still to come. When they break off, httpx.RequestError is raised."""
        request = self._http.build_request("GET", path, params=_given(parameters), headers=headers)
        response = self._answer(request, stream=True)
        try:
            yield response
        finally:
            response.close()

    def pause(self, attempt: int) -> None:
        """Wait after the failure of so many attempts in a row."""
        self.patience.wait(backoff(attempt))

    def _answer(self, request: httpx.Request, *, stream: bool = False) -> httpx.Response:
        attempt, waited = 0, 0.0
        while True:
            attempt += 1
            fault: CivicLakeError
            try:
                response = self._http.send(request, stream=stream)
                if response.is_success:
                    return response
                response.read()
            except httpx.UnsupportedProtocol as error:
                raise _unreachable(request, error) from error
            except httpx.RequestError as error:
                fault, pause = _unreachable(request, error), backoff(attempt)
                fault.__cause__ = error
            else:
                response.close()
                problem = problem_of(response)
                fault = problem
                if problem.status not in _WAITED_FOR or problem.retry_after is None:
                    raise fault
                pause = problem.retry_after
            if attempt >= self.patience.attempts or waited + pause > self.patience.seconds:
                raise fault
            self.patience.wait(pause)
            waited += pause


def backoff(attempt: int) -> float:
    """Seconds to wait after so many failures in a row."""
    return float(2 ** min(attempt - 1, 5))


def _given(parameters: Parameters | None) -> httpx.QueryParams | None:
    """None leaves the query of an address as it is."""
    return httpx.QueryParams(list(parameters)) if parameters else None


def _unreachable(request: httpx.Request, error: httpx.RequestError) -> UnreachableError:
    return UnreachableError(
        f"{request.url.host} did not answer ({type(error).__name__}: {error}). Look at the address and the network."
    )
