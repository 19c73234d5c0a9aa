#!/usr/bin/env node
// Starts the binary of this platform, and ends as it ends. It does nothing else.
'use strict';

const { existsSync } = require('node:fs');
const { join } = require('node:path');
const { spawn } = require('node:child_process');
const { constants } = require('node:os');

const platform = `${process.platform}-${process.arch}`;
const binary = join(__dirname, 'bin', `rehearsal-${platform}`);
if (!existsSync(binary)) {
  console.error(`error: this package has no rehearsal for ${platform}`);
  console.error('help: build it from the source, with Rust: cargo install --path .');
  process.exit(3);
}

const child = spawn(binary, process.argv.slice(2), { stdio: 'inherit' });
// A terminal sends Ctrl-C to both; what is sent to this process alone is passed on.
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
process.on('SIGINT', () => {});
child.on('error', (error) => {
  console.error(`error: ${binary} cannot be started: ${error.message}`);
  process.exit(3);
});
child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
