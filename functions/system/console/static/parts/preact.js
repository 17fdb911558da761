// The view library, as every module of the console uses it.
import { h, render, Fragment, createContext } from "../vendor/preact.js";
import htm from "../vendor/htm.js";

export { render, Fragment, createContext };
export {
  useCallback,
  useContext,
  useEffect,
  useErrorBoundary,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "../vendor/hooks.js";
// Every value in a template is text or an element, never markup: nothing of the console writes HTML as a string.
export const html = htm.bind(h);
