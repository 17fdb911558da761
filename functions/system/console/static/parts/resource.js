// What a view shows of the service: loaded when it is shown, and again when the service is back or the key has changed.
import { Unreachable, connection, identity } from "./api.js";
import { useCallback, useEffect, useState } from "./preact.js";
import { useStore } from "./store.js";

// Return { data, error, loading, reload, set } of what `load(signal)` returns. While it is loaded again, `data` and `error` stay.
export function useResource(load, dependencies) {
  const [state, setState] = useState({ loading: true });
  const [turn, setTurn] = useState(0);
  const isUp = useStore(connection) === "up";
  const caller = useStore(identity);
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    setState((before) => ({ ...(before.of === key(dependencies) ? before : {}), loading: true, of: key(dependencies) }));
    Promise.resolve(load(signal)).then(
      (data) => signal.aborted || setState({ data, loading: false, of: key(dependencies) }),
      (error) => signal.aborted || setState((before) => ({ ...before, error, loading: false })),
    );
    return () => controller.abort();
  }, [...dependencies, turn, caller]);
  useEffect(() => {
    if (isUp && state.error instanceof Unreachable) setTurn((before) => before + 1);
  }, [isUp]);
  const reload = useCallback(() => setTurn((before) => before + 1), []);
  const set = useCallback((data) => setState((before) => ({ ...before, data })), []);
  return { ...state, reload, set };
}

const key = (dependencies) => JSON.stringify(dependencies);

// Return { act, busy, error, clear }: `act` runs an action once at a time and keeps what goes wrong.
export function useAction(action) {
  const [state, setState] = useState({ busy: false, error: null });
  const act = async (...given) => {
    if (state.busy) return undefined;
    setState({ busy: true, error: null });
    try {
      const result = await action(...given);
      setState({ busy: false, error: null });
      return result;
    } catch (error) {
      setState({ busy: false, error: error.name === "AbortError" ? null : error });
      return undefined;
    }
  };
  return { ...state, act, clear: () => setState({ busy: false, error: null }) };
}
