// Records what Express, its middleware and NextAuth really answer to the cases of `cases/`, into `recorded/`.
//
//     mkdir packages && cd packages && npm init -y
//     npm install express cors express-session cookie-session cookie-parser next-auth@4
//     NODE_PATH=$PWD/node_modules node ../tests/frameworks/record.mjs
//
// A case is settings and a play: requests in order, with a cookie jar between them that knows names and values alone,
// for what is recorded is the server. What is kept of an answer is its status, its Set-Cookie lines and the headers
// named in KEPT, as they came; the test makes random values and times comparable. An application is asked without a
// network: a socket that says it is encrypted, or not, and comes from 127.0.0.1, as a proxy on the same machine does.

import {createRequire} from 'node:module';
import {Duplex} from 'node:stream';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

const require = createRequire(path.join(process.env.NODE_PATH, 'anywhere.js'));
const HERE = path.dirname(fileURLToPath(import.meta.url));
const KEPT = /^(access-control-.*|vary|location|allow)$/;

/** What a JSON table can say of options: a text between slashes is a regular expression, a date a `Date`. */
function option(key, value) {
    if (Array.isArray(value)) return value.map((each) => option(key, each));
    const pattern = key === 'origin' && typeof value === 'string' && /^\/(.*)\/([a-z]*)$/.exec(value);
    if (pattern) return new RegExp(pattern[1], pattern[2]);
    return key === 'expires' ? new Date(value) : value;
}

function options(table) {
    return Object.fromEntries(Object.entries(table).map(([key, value]) => [key, option(key, value)]));
}

function application(settings, routes) {
    const express = require('express');
    const app = express();
    if ('trust proxy' in settings) app.set('trust proxy', settings['trust proxy']);
    for (const name of ['strict routing', 'case sensitive routing']) if (name in settings) app.set(name, settings[name]);
    if (settings.cors) app.use(require('cors')(options(settings.cors)));
    if (settings['cookie-parser']) app.use(require('cookie-parser')(settings['cookie-parser'].secret));
    if (settings['cookie-session']) app.use(require('cookie-session')({...settings['cookie-session']}));
    if (settings['express-session']) app.use(require('express-session')({...settings['express-session']}));
    const stored = Boolean(settings['express-session']);
    const does = {
        login: (req, res) => {
            req.session.user = 'admin';
            res.json({user: 'admin'});
        },
        logout: (req, res) => {
            if (!stored) {
                req.session = null;
                return res.json({});
            }
            req.session.destroy(() => res.json({}));
        },
        me: (req, res) => {
            const user = req.session.user;
            return user ? res.json({user}) : res.status(401).json({});
        },
        session: (req, res) => {
            req.session.seen = true;
            res.json({});
        },
    };
    const sessions = stored || Boolean(settings['cookie-session']);
    for (const route of routes.filter((route) => sessions || !route.does)) {
        const [method, at] = route.at.split(' ');
        const plain = (req, res) => {
            res.status(route.status ?? 200).set(route.headers ?? {});
            for (const {name, value, ...rest} of route.res?.cookie ?? []) res.cookie(name, value, options(rest));
            for (const {name, ...rest} of route.res?.clearCookie ?? []) res.clearCookie(name, options(rest));
            res.json(route.json);
        };
        app[method.toLowerCase()](at, route.does ? does[route.does] : plain);
    }
    app.set('etag', false);
    return app;
}

/** NextAuth as Next.js calls it, which hands it the request's cookies, body and query parsed. */
function nextAuth(settings) {
    const express = require('express');
    const {NEXTAUTH_URL, ...rest} = settings;
    process.env.NEXTAUTH_URL = NEXTAUTH_URL;
    const NextAuth = require('next-auth').default;
    const Credentials = require('next-auth/providers/credentials').default;
    const provider = Credentials({credentials: {user: {}}, authorize: () => ({id: '1', name: 'admin'})});
    const silent = {error() {}, warn() {}, debug() {}};
    const app = express();
    app.use(require('cookie-parser')(), express.urlencoded({extended: false}), express.json());
    app.use((req, res) => {
        const query = {...req.query, nextauth: req.path.split('/').slice(3)};
        Object.defineProperty(req, 'query', {value: query});
        return NextAuth(req, res, {providers: [provider], logger: silent, ...rest});
    });
    app.set('etag', false);
    return app;
}

/** One request, on a connection of its own that is no network's. */
function ask(app, encrypted, method, url, headers, body) {
    return new Promise((resolve, reject) => {
        let text = '';
        const socket = new Duplex({
            read() {},
            write(chunk, encoding, done) {
                text += chunk.toString('latin1');
                done();
            },
            final(done) {
                const [head, ...rest] = text.split('\r\n\r\n');
                const [status, ...fields] = head.split('\r\n');
                const pairs = fields.map((field) => [
                    field.slice(0, field.indexOf(':')).toLowerCase(),
                    field.slice(field.indexOf(':') + 2),
                ]);
                resolve({status: Number(status.split(' ')[1]), headers: pairs, text: rest.join('\r\n\r\n')});
                done();
            },
        });
        Object.assign(socket, {encrypted, remoteAddress: '127.0.0.1', setTimeout() {}, setNoDelay() {}});
        socket.on('error', reject);
        const server = http.createServer(app);
        server.emit('connection', socket);
        const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
        socket.push(`${method} ${url} HTTP/1.1\r\nconnection: close\r\n${lines.join('')}\r\n${body}`);
    });
}

function json(text) {
    try {
        return Object(JSON.parse(text));
    } catch {
        return {};
    }
}

async function record(framework, table, given) {
    const routes = [...table.routes];
    if (given.play === 'cookies') {
        routes.push({at: 'GET /set', json: {}, res: {cookie: given.set}});
        routes.push({at: 'GET /delete', json: {}, res: {clearCookie: given.delete}});
    }
    const app = framework === 'nextauth' ? nextAuth(given.settings) : application(given.settings, routes);
    const url = new URL(given.url ?? table.url);
    const jar = new Map();
    const answers = [];
    let last = {};
    const filled = (text) =>
        text.replace(/\{(cookie|body):([^}]+)\}/g, (all, kind, name) =>
            kind === 'cookie' ? (jar.get(name) ?? 'nothing') : (last[name] ?? 'nothing'),
        );
    for (const request of table.plays[given.play]) {
        const [method, at] = request.ask.split(' ');
        const headers = {host: url.host};
        if (request.cookies !== false && jar.size > 0)
            headers.cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
        for (const [name, value] of Object.entries(request.headers ?? {})) headers[name] = filled(value);
        const fields = Object.entries(request.form ?? {}).map(([name, value]) => [name, filled(value)]);
        const body = new URLSearchParams(fields).toString();
        if (body) headers['content-type'] = 'application/x-www-form-urlencoded';
        if (body) headers['content-length'] = body.length;
        const answer = await ask(app, url.protocol === 'https:', method, at, headers, body);
        for (const [name, value] of Object.entries(json(answer.text)))
            if (typeof value === 'string') last[name] = value;
        const lines = answer.headers.filter(([name]) => name === 'set-cookie').map(([, value]) => value);
        for (const line of lines) {
            const [, name, value, attributes] = /^([^=]*)=([^;]*)(.*)$/.exec(line);
            if (/max-age=0|expires=\w+, 01.jan.1970/i.test(attributes)) jar.delete(name);
            else jar.set(name, value);
        }
        const kept = answer.headers.filter(([name]) => KEPT.test(name)).sort();
        answers.push({status: answer.status, set_cookie: lines, headers: kept, at: Math.floor(Date.now() / 1000)});
    }
    return {name: given.name, answers};
}

process.env.NODE_ENV = 'test';
process.noDeprecation = true;
process.env.NO_DEPRECATION = 'express-session';
const packages = {
    express: ['express', 'cors', 'express-session', 'cookie-session', 'cookie-parser'],
    nextauth: ['next-auth', 'next'],
};
for (const [framework, names] of Object.entries(packages)) {
    const table = JSON.parse(fs.readFileSync(path.join(HERE, `cases/${framework}.json`)));
    const cases = [];
    for (const given of table.cases) cases.push(await record(framework, table, given));
    const versions = {node: process.version.slice(1)};
    for (const name of names) {
        // Some packages do not export their own description.
        const description = path.join(process.env.NODE_PATH, name, 'package.json');
        versions[name] = JSON.parse(fs.readFileSync(description)).version;
    }
    // One line an answer, so that a change of one shows as one.
    const line = JSON.stringify;
    const each = cases.map(
        ({name, answers}) => ` {"name": ${line(name)}, "answers": [\n  ${answers.map(line).join(',\n  ')}\n ]}`,
    );
    const text = `{"versions": ${line(versions)},\n"cases": [\n${each.join(',\n')}\n]}\n`;
    fs.writeFileSync(path.join(HERE, `recorded/${framework}.json`), text);
    console.log(framework, cases.length, 'cases', versions);
}
