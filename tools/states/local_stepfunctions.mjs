// Runs machines of the conformance table on aws-local-stepfunctions. Reads rows from standard input, writes what came
// of each to standard output; both are JSON. Waits for so many seconds and pauses before retries take
// no time here.

import { readFileSync } from 'node:fs';
import { ExecutionTimeoutError, StateMachine } from 'aws-local-stepfunctions';

// The one thing that the package wants of Node 22.
Promise.withResolvers ??= function () {
  let resolve, reject;
  const promise = new this((yes, no) => ([resolve, reject] = [yes, no]));
  return { promise, resolve, reject };
};

// Milliseconds until a machine counts as hanging.
const PATIENCE = 6000;

/** Every state with its name, those of branches and iterators included. */
function* states(flow) {
  for (const [name, state] of Object.entries(flow?.States ?? {})) {
    yield [name, state];
    for (const inner of [...(state.Branches ?? []), state.Iterator, state.ItemProcessor]) yield* states(inner);
  }
}

/** What the row's functions do, and the calls made of them. */
function stage(row) {
  const calls = [];
  const used = new Map();
  const answer = (name, input) => {
    const answers = row.tasks?.[name];
    if (!answers) return { return: input };
    const meant = answers.find((a) => 'for' in a && JSON.stringify(a.for) === JSON.stringify(input));
    if (meant) return meant;
    const at = used.get(name) ?? 0;
    used.set(name, at + 1);
    return answers[Math.min(at, answers.length - 1)];
  };
  const call = async (arn, input) => {
    const name = arn.split(':').pop();
    let said = answer(name, input);
    calls.push([name, input]);
    if ('token' in said) said = said.token ?? { never: true };
    if (said.never) return new Promise(() => {});
    if ('throw' in said) throw Object.assign(new Error('as the table says'), { name: said.throw });
    return structuredClone(said.return);
  };
  return { calls, call };
}

/** The machine, or that it was refused. Checking a definition takes long, so no clock runs meanwhile. */
function make(row) {
  try {
    return { row, machine: new StateMachine(row.definition) };
  } catch (error) {
    return { row, refused: { status: 'REFUSED', calls: [], said: String(error.message) } };
  }
}

async function run({ row, machine, refused }) {
  if (refused) return refused;
  if (row.expect.status === 'REFUSED') return { status: 'TAKEN' };
  const { calls, call } = stage(row);
  const overrides = { taskResourceLocalHandlers: {}, waitTimeOverrides: {}, retryIntervalOverrides: {} };
  for (const [name, state] of states(row.definition)) {
    // With an override the path to a time would not even be looked up.
    if (state.Seconds) overrides.waitTimeOverrides[name] = 0;
    overrides.retryIntervalOverrides[name] = 0;
    overrides.taskResourceLocalHandlers[name] = (input) =>
      state.Resource?.includes(':lambda:invoke') ? call(input.FunctionName, input.Payload) : call(state.Resource ?? '', input);
  }
  const context = {
    Execution: { Id: 'arn:run', Input: row.input, Name: 'run', StartTime: new Date().toISOString() },
    StateMachine: { Id: 'arn:machine', Name: row.name },
  };
  const execution = machine.run(structuredClone(row.input), { overrides, context, noThrowOnAbort: true });
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(() => resolve({ status: 'RUNNING' }), PATIENCE)));
  const end = execution.result.then(
    (output) => ({ status: 'SUCCEEDED', output: output === undefined ? null : output }),
    (error) =>
      error instanceof ExecutionTimeoutError
        ? { status: 'TIMED_OUT', error: 'States.Timeout' }
        : { status: 'FAILED', error: error.cause?.name ?? error.name, cause: String(error.cause?.message ?? error.message) },
  );
  const ended = await Promise.race([end, late]);
  clearTimeout(timer);
  if (ended.status === 'RUNNING') execution.abort();
  return { ...ended, calls };
}

const rows = JSON.parse(readFileSync(0, 'utf8'));
const made = rows.map(make);
const results = await Promise.all(made.map(async (each) => [each.row.name, await run(each)]));
process.stdout.write(JSON.stringify(Object.fromEntries(results)), () => process.exit(0));
