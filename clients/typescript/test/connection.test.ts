/** Requests: what is sent, what is sent again, and what an answer means. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AuthenticationError,
  IncompatibleServerError,
  ModelNotFound,
  NotRegattaError,
  ProblemError,
  RedirectTargetUnreachable,
  Regatta,
  ServerError,
  StorageUnavailable,
  UnreachableError,
  VERSION,
} from "@regatta/client";
import { FakeService, json, noConnection, problem } from "./fake_service.ts";

const STATUS = { status: "ok" };

test("a request has the path of a stage, the key and the headers", async () => {
  const service = new FakeService(json({ jobs: [] }));
  await service.client({ apiKey: " secret ", headers: { "X-Team": "blue" } }).jobs.list({ limit: 3 });
  const [sent] = service.sent;
  assert.equal(sent?.url, "http://regatta.test/stage/jobs?limit=3");
  assert.deepEqual([sent?.headers.get("X-Api-Key"), sent?.headers.get("X-Team")], ["secret", "blue"]);
});

test("a URL that cannot be used is refused at once, and no message shows a key", () => {
  assert.throws(() => new Regatta({ url: "localhost:8000" }), /http:\/\/127.0.0.1:8000/);
  assert.throws(() => new Regatta({ url: "regatta" }), /is no URL/);
  // pragma: allowlist nextline secret
  assert.throws(() => new Regatta({ url: "https://me:secret@example.org" }), (error: Error) => !error.message.includes("secret"));
  assert.throws(() => new Regatta({ apiKey: "秘密\nsecret" }), (error: Error) => !error.message.includes("secret"));
});

test("what changes nothing is sent again, after pauses that double", async () => {
  const service = new FakeService(noConnection("ECONNRESET"), problem("storage-unavailable", 503), json(STATUS));
  assert.deepEqual(await service.client().status(), STATUS);
  assert.deepEqual(service.pauses, [500, 1000]);
});

test("Retry-After is kept to, as seconds and as a date, and not longer than a minute", async () => {
  const busy = (after: string): Response => problem("too-many-requests", 429, {}, { "Retry-After": after });
  const service = new FakeService(busy("7"), busy(new Date(20_000).toUTCString()), json(STATUS), busy("3600"));
  const client = service.client();
  await client.status();
  assert.deepEqual(service.pauses, [7_000 + 125, 20_000 - 7_125 + 250]);
  await assert.rejects(client.status(), { type: "too-many-requests", status: 429 });
});

test("what may not be repeated is sent once, unless it certainly reached nobody", async () => {
  const service = new FakeService(noConnection("ECONNRESET"), noConnection("ECONNREFUSED"), json({ model_name: "b" }));
  await assert.rejects(service.client().models.rename("a", "b"), UnreachableError);
  await service.client().models.rename("a", "b");
  assert.equal(service.sent.length, 3);
});

test("what creates something is repeated with the same key, also while the first request is being answered", async () => {
  const effect = { recipe: {} };
  const service = new FakeService(noConnection("ECONNRESET"), problem("idempotency-key-in-use", 409), json(effect));
  await service.client().data.process({ target: "y", handleMissing: "median" });
  const keys = new Set(service.sent.map((sent) => sent.headers.get("Idempotency-Key")));
  assert.equal(keys.size, 1);
  assert.match([...keys][0] ?? "", /^[0-9a-f]{32}$/);
  assert.deepEqual(JSON.parse(String(service.sent[0]?.body)), { handle_missing: "median", target_column: "y" });
});

test("the number of attempts is the caller's", async () => {
  const service = new FakeService(problem("storage-unavailable", 503), json(STATUS));
  const client = new Regatta({ url: "http://regatta.test", fetch: service.fetch, retries: 1 });
  await assert.rejects(client.status(), StorageUnavailable);
});

test("a port of this machine at which nothing listens is an error at once, with the way out", async () => {
  const service = new FakeService(noConnection("ECONNREFUSED"));
  await assert.rejects(service.client({ url: "http://127.0.0.1:9" }).status(), (error) => {
    assert.ok(error instanceof UnreachableError);
    assert.match(error.message, /127\.0\.0\.1:9 does not answer \(connect ECONNREFUSED\).*regatta up/);
    return true;
  });
});

test("an answer that is late has an error of its own", async () => {
  const never = (_: unknown, signal: AbortSignal): Promise<Response> =>
    new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const service = new FakeService(never);
  await assert.rejects(service.client({ timeout: 1, retries: 1 }).status(), /no answer within 0.001 s/);
});

test("an aborted call throws the reason of its signal, during a request and between two", async () => {
  const controller = new AbortController();
  const service = new FakeService(() => {
    controller.abort(new Error("enough"));
    throw new Error("aborted");
  });
  await assert.rejects(service.client().status({ signal: controller.signal }), /^Error: enough$/);
  assert.equal(service.sent.length, 1);
});

test("a problem is the error of its type, else of its status", async () => {
  const service = new FakeService(
    problem("no-such-model", 404, { errors: [{ field: "model_name", message: "is not there" }] }),
    problem("of-the-future", 507),
    json({}, 418),
  );
  const client = service.client({ retries: 1 });
  await assert.rejects(client.models.get("x"), (error) => {
    assert.ok(error instanceof ModelNotFound && error instanceof ProblemError);
    assert.deepEqual([error.name, error.type, error.status], ["ModelNotFound", "no-such-model", 404]);
    assert.equal(error.message, "Because of no-such-model.\n  field model_name: is not there");
    return true;
  });
  await assert.rejects(client.status(), (error) => error instanceof ServerError && error.type === "of-the-future");
  await assert.rejects(client.status(), (error) => error instanceof ProblemError && error.status === 418);
});

test("a wrong key is an AuthenticationError, also where the gateway says it", async () => {
  const service = new FakeService(new Response('{"message":"Forbidden"}', { status: 403 }), json({}, 401));
  const client = service.client();
  await assert.rejects(client.status(), (error) => {
    assert.ok(error instanceof AuthenticationError);
    assert.match(error.message, /refuses the key \(Forbidden\).*apiKey/);
    return true;
  });
  await assert.rejects(client.status(), AuthenticationError);
});

test("a gateway's own problem needs no header", async () => {
  const body = JSON.stringify({ type: "urn:regatta:problem:timed-out", status: 504, detail: "Ask for a job." });
  const service = new FakeService(new Response(body, { status: 504 }));
  await assert.rejects(service.client({ retries: 1 }).status(), { type: "timed-out", detail: "Ask for a job." });
});

test("what answers without the version of Regatta is not Regatta", async () => {
  const page = (status: number): Response =>
    new Response("<html>", { status, headers: { "Content-Type": "text/html; charset=utf-8" } });
  const login = new Response(null, { status: 303, headers: { Location: "https://login.test/" } });
  const service = new FakeService(page(200), page(502), login);
  const client = service.client({ retries: 1 });
  await assert.rejects(client.status(), (error) => error instanceof NotRegattaError && error.status === 200);
  await assert.rejects(client.status(), /answered 502 with an HTML page.*REGATTA_URL/);
  await assert.rejects(client.status(), /sends to https:\/\/login.test\//);
});

test("a service of another major version is refused, before 1.0 of another minor one", async () => {
  const answer = (version: string): Response => json(STATUS, 200, { "Regatta-Version": version });
  const service = new FakeService(answer("0.2.99"), answer("0.1.9"), answer("2.0.0"));
  const client = service.client();
  await client.status();
  await assert.rejects(client.status(), IncompatibleServerError);
  await assert.rejects(client.status(), { serverVersion: "2.0.0", clientVersion: "0.2.0" });
});

test("a file elsewhere is fetched without the key", async () => {
  const moved = new Response(null, { status: 303, headers: { Location: "https://bucket.test/f?s=1", "Regatta-Version": "0.2.0" } });
  const disposition = "attachment; filename=\"?.csv\"; filename*=UTF-8''%E6%88%BF%E4%BB%B7.csv";
  const file = new Response("a,b\n", { headers: { "Content-Disposition": disposition, "Content-Length": "4" } });
  const service = new FakeService(moved, file);
  const download = await service.client({ apiKey: "secret" }).data.download();
  assert.deepEqual([download.filename, download.size, await download.text()], ["房价.csv", 4, "a,b\n"]);
  assert.equal(service.sent[1]?.url, "https://bucket.test/f?s=1");
  assert.equal([...(service.sent[1]?.headers ?? [])].length, 0);
});

test("a file elsewhere that is out of reach or gone is an error that names its host", async () => {
  const moved = (): Response =>
    new Response(null, { status: 303, headers: { Location: "https://bucket.test/f", "Regatta-Version": "0.2.0" } });
  const service = new FakeService(moved(), noConnection("ENOTFOUND"), moved(), new Response("", { status: 403 }));
  for (const reason of ["connect ENOTFOUND", "status 403"]) {
    await assert.rejects(service.client().data.download(), (error) => {
      assert.ok(error instanceof RedirectTargetUnreachable);
      assert.equal(error.host, "bucket.test");
      assert.ok(error.message.includes(reason));
      return true;
    });
  }
});

test("a redirection that a browser hides is followed only where nothing secret is sent", async () => {
  const hidden = (): Response => Object.defineProperty(new Response(null), "type", { value: "opaqueredirect" });
  const service = new FakeService(hidden(), new Response("a,b\n"), hidden());
  assert.equal(await (await service.client().data.download()).text(), "a,b\n");
  await assert.rejects(service.client({ apiKey: "secret" }).data.download(), RedirectTargetUnreachable);
});

test("an answer that no service has written is one error with the way out, and is not asked for again", async () => {
  const version = { "Regatta-Version": VERSION };
  const replies: [Response, RegExp][] = [
    [json(null), /its body is no JSON object/],
    [json("ok"), /its body is no JSON object/],
    [new Response("", { headers: version }), /its body is empty/],
    [new Response('{"status": "o', { headers: version }), /its body is cut off/],
    [json({ status: "ok" }, 200, { "Regatta-Version": "banana" }), /its header Regatta-Version is "banana"/],
    [new Response(null, { status: 303, headers: version }), /it redirects and does not say where to/],
    [new Response(null, { status: 303, headers: { ...version, Location: "http://" } }), /does not say where to/],
  ];
  for (const [reply, reason] of replies) {
    const service = new FakeService(reply);
    await assert.rejects(service.client().status(), (error) => {
      assert.ok(error instanceof NotRegattaError, String(error));
      assert.match(error.message, /^http:\/\/regatta.test\/stage sent an answer that cannot be read: .*REGATTA_URL/);
      assert.match(error.message, reason);
      return true;
    });
    assert.equal(service.sent.length, 1);
  }
});

test("a file that is no JSON is an error of its host", async () => {
  const service = new FakeService(json({}, 303, { Location: "https://bucket.test/a" }), new Response("<html>"));
  await assert.rejects(service.client().predict.file("f", { model: "m" }), (error) => {
    assert.ok(error instanceof RedirectTargetUnreachable);
    assert.match(error.message, /bucket.test, which does not give it \(its body is cut off, or no JSON\)/);
    return true;
  });
});
