// Python for a box of the page, in a worker of its own that is fetched with the first question. `told` has functions:
// say(text), what is going on; fetched(got, total), in bytes; begin(), the question is being answered; answer(text), what
// it printed; ended(text), why there is no answer. The next question starts Python again.
const pagePython = (() => {
  const here = document.currentScript.src;
  const UNREACHED = "Python could not be reached: is the book still being served?";

  return (told) => {
    let worker = null, printed = "", turn = 0, asked = 0;

    const end = (text) => {
      asked += 1;
      worker?.terminate();
      worker = null;
      told.ended(text);
    };

    const handlers = {
      fetched: ({ got, total }) => told.fetched(got, total),
      starting: () => told.say("Starting Python"),
      begin: () => told.begin(),
      said: ({ part }) => { printed += part[1]; },
      end: () => told.answer(printed.trim()),
      lost: ({ file }) => end(file ? `${file} is missing or damaged where the book is served: make book repairs it.`
        : UNREACHED),
      broken: ({ text }) => end(`Python ended: ${text}. The next try starts it again.`),
    };

    // Where Python is; while it is still on its way to the server, as just after `make read`, wait for it.
    const find = async (mine) => {
      const address = new URL("../_runtime/runtime.json", here);
      while (mine === asked) {
        const known = await fetch(address, { cache: "no-cache" })
          .then((reply) => (reply.ok ? reply.json() : {}), () => null);
        if (mine !== asked) return null;
        if (known?.folder) return { ...known, runtime: address.href, cache: "no-cache" };
        if (!known?.arriving) return void end(known ? known.none ?? "This copy of the book has no Python." : UNREACHED);
        told.say("The book is still fetching Python");
        await new Promise((done) => setTimeout(done, 1000));
      }
      return null;
    };

    const start = (place) => {
      const mine = worker = new Worker(new URL(`runner/worker.js?${Date.now()}`, here));
      worker.onmessage = ({ data }) => mine === worker && handlers[data.kind]?.(data);
      worker.onerror = ({ message }) => mine === worker && handlers[message ? "broken" : "lost"]({ text: message });
      worker.postMessage({ place });
    };

    // Runs the source, beside files: {name: bytes}. One question at a time.
    const ask = async (source, files = {}) => {
      const mine = asked += 1;
      printed = "";
      told.say("Starting Python");
      const place = worker ? null : await find(mine);
      if (mine !== asked || (!worker && !place)) return;
      if (!worker) start(place);
      worker.postMessage({ fresh: true, files, cells: [{ number: turn++, source }] });
    };
    return { ask, end };
  };
})();

// Why there is no Python on this page, or nothing; `what` can be done when the book is served.
const noPython = (what) => document.documentElement.dataset.python
  ?? (location.protocol === "file:" ? `${what} here when the book is served: make read does that.` : "");
