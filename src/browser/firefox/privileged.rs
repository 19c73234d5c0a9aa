//! What is asked of Firefox itself and of no page: in its "chrome" scope, which a driver may enter when it
//! was started with `--allow-system-access`.
//!
//! Each question is a function of one argument, JSON, as those for pages are, and answers with JSON. They use
//! the interfaces that Firefox's own code has used for years (`Services.cookies`, `nsIX509CertDB`).

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::browser::bidi::Bidi;
use crate::browser::failure::Failure;

/// Makes a certificate authority one that signs for websites, in this profile alone.
const TRUST: &str = "json => {
    const { der } = JSON.parse(json);
    const database = Cc['@mozilla.org/security/x509certdb;1'].getService(Ci.nsIX509CertDB);
    database.addCertFromBase64(der, 'C,,');
    return 'true';
}";

/// The values of preferences, null where there is none.
const PREFERENCES: &str = "json => {
    const { prefs } = Services;
    const read = name => {
        switch (prefs.getPrefType(name)) {
            case prefs.PREF_BOOL: return prefs.getBoolPref(name);
            case prefs.PREF_INT: return prefs.getIntPref(name);
            case prefs.PREF_STRING: return prefs.getStringPref(name);
            default: return null;
        }
    };
    return JSON.stringify(Object.fromEntries(JSON.parse(json).map(name => [name, read(name)])));
}";

/// What is in force for cookies of third parties, whatever a preference says.
const BEHAVIOR: &str = "() => JSON.stringify(Services.cookies.getCookieBehavior(false))";

/// Keeps, from now on, what is said of cookies and who asks for what, each with a number. Of the tab of a user context
/// and of windows the number is their browser's, which stays whatever they show.
const LISTEN: &str = "() => {
    const said = [];
    const listener = {
        QueryInterface: ChromeUtils.generateQI(['nsIConsoleListener']),
        observe(message) {
            if (!(message instanceof Ci.nsIScriptError) || !message.category.startsWith('cookie')) return;
            const number = (said.at(-1)?.number ?? 0) + 1;
            said.push({ number, text: message.errorMessage, url: message.sourceName });
            if (said.length > 2000) said.shift();
        },
    };
    Services.console.registerListener(listener);
    // Who asks for what. `loadInfo` is gone with the channel, so it is read at once.
    const asked = [];
    const named = context => (context.parent ? `${context.id}` : `b${context.browserId}`);
    const origin = principal => principal.isSystemPrincipal ? null : principal.isNullPrincipal ? 'null' : principal.originNoSuffix;
    const cookies = channel => {
        try {
            return channel.getRequestHeader('Cookie');
        } catch {
            return '';
        }
    };
    const watcher = {
        QueryInterface: ChromeUtils.generateQI(['nsIObserver']),
        observe(subject) {
            const channel = subject.QueryInterface(Ci.nsIHttpChannel);
            const { loadInfo, loadFlags } = channel;
            if (!loadInfo?.triggeringPrincipal) return;
            const { SEC_COOKIES_OMIT, SEC_COOKIES_INCLUDE, SEC_COOKIES_SAME_ORIGIN } = Ci.nsILoadInfo;
            const types = Ci.nsIContentPolicy;
            const navigates = [types.TYPE_DOCUMENT, types.TYPE_SUBDOCUMENT].includes(loadInfo.externalContentPolicyType);
            const id = navigates && loadInfo.frameBrowsingContextID || loadInfo.browsingContextID
                || loadInfo.workerAssociatedBrowsingContextID;
            const context = id ? BrowsingContext.get(id) : null;
            asked.push({
                number: (asked.at(-1)?.number ?? 0) + 1,
                context: loadInfo.originAttributes.userContextId,
                method: channel.requestMethod, url: channel.URI.specIgnoringRef, cookie: cookies(channel),
                frame: context && named(context), parent: context?.parent ? named(context.parent) : null,
                document: navigates ? null : context?.currentWindowGlobal?.documentURI?.specIgnoringRef ?? null,
                navigates, initiator: origin(loadInfo.triggeringPrincipal),
                credentials: {
                    [SEC_COOKIES_OMIT]: 'omit', [SEC_COOKIES_INCLUDE]: 'include', [SEC_COOKIES_SAME_ORIGIN]: 'same-origin',
                }[loadInfo.securityFlags & SEC_COOKIES_OMIT] ?? null,
                anonymous: (loadFlags & Ci.nsIRequest.LOAD_ANONYMOUS) !== 0,
            });
            if (asked.length > 2000) asked.shift();
        },
    };
    Services.obs.addObserver(watcher, 'http-on-modify-request');
    window.rehearsal = { said, listener, asked, watcher };
    return 'true';
}";

/// Has whoever asks a user for a name and a password be told that the user cancels: then the answer is shown.
const CANCEL: &str = "() => {
    const { LoginManagerAuthPrompter: { prototype } } = ChromeUtils.importESModule(
        'resource://gre/modules/LoginManagerAuthPrompter.sys.mjs');
    prototype.promptAuth = () => false;
    prototype.asyncPromptAuth = (channel, callback, context) => {
        Services.tm.dispatchToMainThread(() => callback.onAuthCancelled(context, true));
        return { QueryInterface: ChromeUtils.generateQI(['nsICancelable']), cancel() {} };
    };
    return 'true';
}";

/// The number that Firefox itself has for the user context of a tab, found by the fragment of its address. The
/// tab is what its user looks at from now on, though several are: hidden ones draw nothing, and their timers wait.
const NUMBER: &str = "json => {
    const { mark } = JSON.parse(json);
    const tab = gBrowser.tabs.find(tab => tab.linkedBrowser.currentURI.spec === mark);
    if (tab) {
        tab.linkedBrowser.docShellIsActive = true;
        const history = tab.linkedBrowser.browsingContext.sessionHistory;
        if (history?.count) history.purgeHistory(history.count);
    }
    return JSON.stringify(tab?.userContextId ?? null);
}";

/// The jar of a user context, the address its tab shows, what was said of cookies after a number, and what was asked
/// for in it after another.
const LOOK: &str = "json => {
    const { context, after, asked_after } = JSON.parse(json);
    // What is over stays in the list until something asks for it. An expiry of seconds is one that is small.
    const isOver = ({ isSession, expiry }) => !isSession && expiry / (expiry > 1e11 ? 1000 : 1) <= Date.now() / 1000;
    const cookies = Services.cookies.cookies.filter(
        cookie => cookie.originAttributes.userContextId === context && !isOver(cookie));
    cookies.sort((one, other) => one.creationTime - other.creationTime);
    const tab = gBrowser.tabs.find(tab => tab.userContextId === context);
    return JSON.stringify({
        cookies: cookies.map(cookie => ({
            name: cookie.name, value: cookie.value, host: cookie.host, path: cookie.path,
            secure: cookie.isSecure, httpOnly: cookie.isHttpOnly, sameSite: cookie.sameSite,
            session: cookie.isSession, expiry: cookie.expiry,
            partition: cookie.originAttributes.partitionKey,
        })),
        address: tab?.linkedBrowser.currentURI.spec ?? null,
        said: window.rehearsal.said.filter(({ number }) => number > after),
        tab: `b${tab?.linkedBrowser.browserId ?? ''}`,
        asked: window.rehearsal.asked.filter(asked => asked.context === context && asked.number > asked_after),
    });
}";

/// Empties a user context of cookies and permissions, and lets its tab forget where it was.
const EMPTY: &str = "json => {
    const { context } = JSON.parse(json);
    const pattern = JSON.stringify({ userContextId: context });
    Services.cookies.removeCookiesWithOriginAttributes(pattern);
    Services.perms.removePermissionsWithAttributes(pattern, [], []);
    const history = gBrowser.tabs.find(tab => tab.userContextId === context)?.linkedBrowser.browsingContext
        .sessionHistory;
    if (history?.count) history.purgeHistory(history.count);
    return 'true';
}";

/// The place in the history of the tab of a user context, once it is not about to be another.
const PLACE: &str = "json => {
    const { context } = JSON.parse(json);
    const history = gBrowser.tabs.find(tab => tab.userContextId === context)?.linkedBrowser.browsingContext
        .sessionHistory;
    return JSON.stringify(history?.requestedIndex === -1 ? history.index : null);
}";

/// Clears what sites have stored in a user context. The caches can only be emptied for all.
const CLEAR: &str = "json => new Promise(done => {
    const { context } = JSON.parse(json);
    Services.cache2.clear();
    ChromeUtils.clearResourceCache({});
    Cc['@mozilla.org/network/protocol;1?name=http'].getService(Ci.nsIHttpProtocolHandler)
        .clearCORSPreflightCache();
    const onDataDeleted = failed => done(JSON.stringify(failed));
    Services.clearData.deleteDataFromOriginAttributesPattern({ userContextId: context }, { onDataDeleted });
})";

/// Makes every cookie of a user context that has an expiry older. An expiry of seconds is one that is small.
const AGE: &str = "json => {
    const { context, seconds } = JSON.parse(json);
    Services.cache2.clear();
    const now = Date.now() / 1000;
    for (const cookie of Services.cookies.cookies) {
        const { originAttributes } = cookie;
        if (originAttributes.userContextId !== context || cookie.isSession) continue;
        const unit = cookie.expiry > 1e11 ? 1000 : 1;
        const expiry = cookie.expiry - seconds * unit;
        if (expiry / unit <= now) {
            Services.cookies.remove(cookie.host, cookie.name, cookie.path, originAttributes);
            continue;
        }
        Services.cookies.add(
            cookie.host, cookie.path, cookie.name, cookie.value, cookie.isSecure, cookie.isHttpOnly, false,
            expiry, originAttributes, cookie.sameSite, cookie.schemeMap, cookie.isPartitioned,
        );
    }
    return 'true';
}";

/// Forgets that hosts want https: what they said to one user context holds for all.
const FORGET: &str = "json => {
    const service = Cc['@mozilla.org/ssservice;1'].getService(Ci.nsISiteSecurityService);
    for (const host of JSON.parse(json)) {
        service.resetState(Services.io.newURI(`https://${host}`), {}, Ci.nsISiteSecurityService.RootDomain);
    }
    return 'true';
}";

/// Why a text is no function, in Firefox's words; null where it is one.
const PARSE: &str = "json => {
    const { Reflect } = ChromeUtils.importESModule('resource://gre/modules/reflect.sys.mjs');
    try {
        Reflect.parse(`(${JSON.parse(json)})`);
        return 'null';
    } catch (error) {
        return JSON.stringify(String(error));
    }
}";

/// How many requests are under way to the page of the tab of a user context and its frames, as the page's own process
/// knows: from when the page asks until it has all of the answer. A process that says nothing knows of none.
const PENDING: &str = "json => new Promise(done => {
    const { context } = JSON.parse(json);
    const manager = gBrowser.tabs.find(tab => tab.userContextId === context)?.linkedBrowser.messageManager;
    if (!manager) return done('0');
    const name = 'rehearsal:pending';
    const end = count => {
        manager.removeMessageListener(name, hear);
        done(JSON.stringify(count));
    };
    const hear = ({ data }) => end(data);
    manager.addMessageListener(name, hear);
    setTimeout(end, 500, 0);
    const count = () => {
        let pending = 0;
        const { typeContent } = Ci.nsIDocShellTreeItem;
        for (const shell of docShell.getAllDocShellsInSubtree(typeContent, Ci.nsIDocShell.ENUMERATE_FORWARDS)) {
            const { loadGroup } = shell.QueryInterface(Ci.nsIDocumentLoader);
            for (const request of loadGroup.requests) pending += request instanceof Ci.nsIHttpChannel;
        }
        sendAsyncMessage('rehearsal:pending', pending);
    };
    manager.loadFrameScript(`data:,(${encodeURIComponent(count)})()`, false);
})";

/// Says no where the user is asked whether a page of a user context may have storage access, and whether it was.
const REFUSE_STORAGE_ACCESS: &str = "json => {
    const { context } = JSON.parse(json);
    const browser = gBrowser.tabs.find(tab => tab.userContextId === context)?.linkedBrowser;
    const question = browser && PopupNotifications.getNotification('storage-access', browser);
    if (!question) return 'false';
    question.secondaryActions[0].callback({ checkboxChecked: false, source: 'button' });
    question.remove();
    return 'true';
}";

/// Firefox itself, to be asked.
#[derive(Clone, Debug)]
pub(super) struct Privileged {
    bidi: Bidi,
    /// The browsing context of its window.
    window: String,
}

impl Privileged {
    /// Finds the browser's window.
    pub(super) async fn open(bidi: Bidi) -> Result<Self, Failure> {
        const TREE: &str = "browsingContext.getTree";
        let tree = bidi.command(TREE, json!({ "moz:scope": "chrome", "maxDepth": 0 })).await?;
        let window = tree.pointer("/contexts/0/context").and_then(Value::as_str).map(str::to_owned);
        let window = window.ok_or_else(|| Failure::protocol(TREE, "the browser has no window"))?;
        Ok(Self { bidi, window })
    }

    /// Has the certificates of this CA, given as DER, accepted.
    pub(super) async fn trust(&self, der: &[u8]) -> Result<(), Failure> {
        self.ask(TRUST, &json!({ "der": STANDARD.encode(der) })).await.map(drop)
    }

    /// The values of these preferences, by name; null where there is none.
    pub(super) async fn preferences(&self, names: &[&str]) -> Result<Value, Failure> {
        self.ask(PREFERENCES, &json!(names)).await
    }

    /// The cookie behaviour in force, in the numbers of the preference.
    pub(super) async fn cookie_behavior(&self) -> Result<i64, Failure> {
        let behavior = self.ask(BEHAVIOR, &Value::Null).await?;
        behavior.as_i64().ok_or_else(|| Failure::protocol("cookie behavior", behavior))
    }

    /// Keeps what is said of cookies from now on.
    pub(super) async fn listen(&self) -> Result<(), Failure> {
        self.ask(LISTEN, &Value::Null).await.map(drop)
    }

    /// Has every question for a name and a password cancelled from now on.
    pub(super) async fn cancel_logins(&self) -> Result<(), Failure> {
        self.ask(CANCEL, &Value::Null).await.map(drop)
    }

    /// The number of the user context whose tab is at this address.
    pub(super) async fn number(&self, mark: &str) -> Result<u64, Failure> {
        let number = self.ask(NUMBER, &json!({ "mark": mark })).await?;
        number.as_u64().ok_or_else(|| Failure::protocol("user context", "no tab is in it"))
    }

    /// The jar of a user context, the address of its tab, what was said after a message of this number, and what was
    /// asked for after a request of that number.
    pub(super) async fn look(&self, context: u64, after: u64, asked_after: u64) -> Result<Value, Failure> {
        self.ask(LOOK, &json!({ "context": context, "after": after, "asked_after": asked_after })).await
    }

    /// Empties a user context of cookies and permissions.
    pub(super) async fn empty(&self, context: u64) -> Result<(), Failure> {
        self.ask(EMPTY, &json!({ "context": context })).await.map(drop)
    }

    /// The place in its tab's history. `None` while it is about to be another.
    pub(super) async fn place(&self, context: u64) -> Result<Option<i64>, Failure> {
        Ok(self.ask(PLACE, &json!({ "context": context })).await?.as_i64())
    }

    /// Clears what sites have stored in a user context.
    pub(super) async fn clear(&self, context: u64) -> Result<(), Failure> {
        let failed = self.ask(CLEAR, &json!({ "context": context })).await?;
        if failed == 0 {
            return Ok(());
        }
        Err(Failure::protocol("deleteDataFromOriginAttributesPattern", format!("flags {failed} are left")))
    }

    /// Makes the cookies of a user context older.
    pub(super) async fn age(&self, context: u64, time: Duration) -> Result<(), Failure> {
        self.ask(AGE, &json!({ "context": context, "seconds": time.as_secs() })).await.map(drop)
    }

    /// Forgets HSTS for these hosts.
    pub(super) async fn forget_hsts(&self, hosts: &BTreeSet<String>) -> Result<(), Failure> {
        self.ask(FORGET, &json!(hosts)).await.map(drop)
    }

    /// Why a text is no function; `None` where it is one.
    pub(super) async fn parse(&self, function: &str) -> Result<Option<String>, Failure> {
        Ok(self.ask(PARSE, &json!(function)).await?.as_str().map(str::to_owned))
    }

    /// Says no where the user is asked whether a page of a user context may have storage access. Answers whether
    /// the user was.
    pub(super) async fn refuse_storage_access(&self, context: u64) -> Result<bool, Failure> {
        Ok(self.ask(REFUSE_STORAGE_ACCESS, &json!({ "context": context })).await? == true)
    }

    /// How many requests are under way to the page of a user context, as its own process knows.
    pub(super) async fn pending(&self, context: u64) -> Result<usize, Failure> {
        let pending = self.ask(PENDING, &json!({ "context": context })).await?;
        Ok(pending.as_u64().and_then(|pending| usize::try_from(pending).ok()).unwrap_or_default())
    }

    async fn ask(&self, function: &str, argument: &Value) -> Result<Value, Failure> {
        let params = json!({
            "functionDeclaration": function,
            "arguments": [{ "type": "string", "value": argument.to_string() }],
            "target": { "context": self.window },
            "awaitPromise": true,
        });
        const COMMAND: &str = "script.callFunction (chrome)";
        let answer = self.bidi.command("script.callFunction", params).await?;
        if let Some(error) = answer.pointer("/exceptionDetails/text") {
            return Err(Failure::protocol(COMMAND, error));
        }
        let text = answer.pointer("/result/value").and_then(Value::as_str).unwrap_or_default();
        serde_json::from_str(text).map_err(|error| Failure::protocol(COMMAND, error))
    }
}
