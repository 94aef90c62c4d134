// Who hears of a change: on(event, listener), emit(event, ...). "view": colours have changed.

const listeners = {};

function on(event, listener) {
  (listeners[event] = listeners[event] || []).push(listener);
}

function emit(event, ...values) {
  for (const listener of listeners[event] || []) listener(...values);
}
