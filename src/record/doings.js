// What a person does in a page, told through a channel: which page came, what was clicked, typed and submitted. It runs
// before the page's own scripts, in a world of its own where the browser has one, and changes nothing. What is typed into a password field is not
// told, only that something was.
(tell) => {
    const isTop = window === window.top;
    const say = (doings) => tell(JSON.stringify({ url: location.href, isTop, doings }));

    const navigation = performance.getEntriesByType?.('navigation')?.[0];
    if (isTop) say([{ kind: 'page', how: navigation?.type ?? 'navigate', opened: window.opener !== null }]);

    const quoted = (text) => '"' + text.replace(/["\\]/g, '\\$&') + '"';
    // An id that a program makes up is another one next time.
    const isStable = (text) => text.length > 0 && text.length < 60 && !/\d{3}|[:{}<>]|^\d|--\w{4,}$/.test(text);
    const isOne = (selector, element) => {
        const root = element.getRootNode();
        const found = root === document ? document.querySelectorAll(selector) : [];
        return found.length === 1 && found[0] === element;
    };

    // The selector of an element: by what is meant to stay as it is, else by its place.
    const selectorOf = (element) => {
        const tag = element.localName;
        const tries = [];
        for (const name of ['data-testid', 'data-test', 'data-cy'])
            if (element.hasAttribute(name)) tries.push(`[${name}=${quoted(element.getAttribute(name))}]`);
        if (isStable(element.id)) tries.push('#' + CSS.escape(element.id));
        const by = (name) => {
            const value = element.getAttribute(name);
            if (value && isStable(value)) tries.push(`${tag}[${name}=${quoted(value)}]`);
        };
        by('name');
        if (tag === 'input' && element.name && /^(radio|checkbox)$/.test(element.type))
            tries.push(`input[name=${quoted(element.name)}][value=${quoted(element.value)}]`);
        if (tag === 'a') {
            const href = element.getAttribute('href');
            if (href && href.length < 100 && !/\d{3}/.test(href)) tries.push(`a[href=${quoted(href)}]`);
        }
        for (const name of ['aria-label', 'autocomplete', 'placeholder', 'title', 'type']) by(name);
        if (tag === 'button' || tag === 'form' || tag === 'summary') tries.push(tag);
        const form = element.closest('form');
        if (form && form !== element && isStable(form.id))
            tries.push(...tries.map((one) => `#${CSS.escape(form.id)} ${one}`));
        const found = tries.find((selector) => isOne(selector, element));
        if (found) return found;
        const path = [];
        for (let at = element; at && at !== document.documentElement; at = at.parentElement) {
            if (at !== element && isStable(at.id)) {
                path.unshift('#' + CSS.escape(at.id));
                break;
            }
            const alike = [...(at.parentElement?.children ?? [])].filter((other) => other.localName === at.localName);
            path.unshift(at.localName + (alike.length > 1 ? `:nth-of-type(${alike.indexOf(at) + 1})` : ''));
            if (isOne(path.join(' > '), element)) break;
        }
        return path.join(' > ');
    };

    // What was typed and is not told yet, by element, in order.
    const typed = new Map();
    const isSecret = (field) => field.type === 'password' || /password|one-time-code/.test(field.autocomplete ?? '');
    const takesText = (element) =>
        element instanceof HTMLTextAreaElement ||
        element instanceof HTMLSelectElement ||
        (element instanceof HTMLInputElement &&
            !/^(button|submit|reset|image|checkbox|radio|file|hidden)$/.test(element.type));
    const drained = () => {
        const fills = [...typed.keys()].map((field) => ({
            kind: 'fill',
            selector: selectorOf(field),
            ...(isSecret(field) ? { secret: field.name || field.id || 'password' } : { text: field.value }),
        }));
        typed.clear();
        return fills;
    };
    const target = (event) => {
        const first = event.composedPath?.()[0] ?? event.target;
        return first instanceof Element ? first : event.target;
    };

    addEventListener('input', (event) => {
        const field = target(event);
        if (event.isTrusted && takesText(field)) typed.set(field, true);
    }, true);
    // A field that was left: what follows at once, such as the click that took the focus, is told with it.
    addEventListener('change', (event) => {
        if (!event.isTrusted || !takesText(target(event))) return;
        typed.set(target(event), true);
        setTimeout(() => {
            if (typed.size > 0) say(drained());
        }, 400);
    }, true);
    let clicked = 0;
    addEventListener('click', (event) => {
        if (!event.isTrusted || event.button !== 0) return;
        const hit = target(event);
        // A label hands the click on to its field, which is told.
        if (hit.closest('label')?.control && !hit.closest('a, button, input, select, textarea')) return;
        const element = hit.closest('a[href], button, input, select, summary, [role], [onclick], [data-testid]') ?? hit;
        if (takesText(element) || element === document.documentElement || element === document.body) return;
        clicked = event.timeStamp;
        say([...drained(), { kind: 'click', selector: selectorOf(element) }]);
    }, true);
    // By the Enter key, in a form that has no button: no click goes before it.
    addEventListener('submit', (event) => {
        if (!event.isTrusted || event.timeStamp - clicked < 50) return;
        if (event.submitter) return;
        say([...drained(), { kind: 'submit', selector: selectorOf(event.target) }]);
    }, true);
}
