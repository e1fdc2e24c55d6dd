// Runs the http-cache-tests suite (npm) through a cache and prints what it got right, by kind of test.
//
//   node tests/conformance/run.mjs SUITE_DIR CACHE_URL [--list] [--id TEST]
//
// SUITE_DIR is the unpacked npm package; its origin must be running behind the cache at CACHE_URL. Exits 1 when a required
// test failed.
import path from 'path'
import { pathToFileURL } from 'url'

const [suiteDir, cacheUrl, ...flags] = process.argv.slice(2)
const load = file => import(pathToFileURL(path.resolve(suiteDir, file)))

const { runTests, getResults } = await load('client/runner.mjs')
const suites = (await load('tests/index.mjs')).default
suites.push((await load('tests/surrogate-control.mjs')).default)
const fetch = (await load('../node-fetch/lib/index.mjs')).default

const only = flags.includes('--id') ? flags[flags.indexOf('--id') + 1] : null
const chosen = only
  ? suites.map(s => ({ ...s, tests: s.tests.filter(t => t.id === only).map(t => ({ ...t, dump: true })) }))
  : suites
const tests = suites.flatMap(s => s.tests).filter(t => !t.browser_only)
const byId = new Map(tests.map(t => [t.id, t]))

await runTests(chosen, fetch, false, cacheUrl)
const results = getResults()

// A failure in a test's set-up, or in one that it depends on, says nothing about the rule itself: counted apart.
function verdict (test) {
  const result = results[test.id]
  if (result === undefined) return 'untested'
  for (const id of test.depends_on || []) {
    if (byId.has(id) && verdict(byId.get(id)) !== 'pass') return 'depends'
  }
  if (result === true) return 'pass'
  return result[0] === 'Setup' ? 'setup' : 'fail'
}

const counts = {}
for (const test of tests) {
  if (only && test.id !== only) continue
  const kind = test.kind || 'required'
  const outcome = verdict(test)
  counts[kind] = counts[kind] || { pass: 0, fail: 0, setup: 0, depends: 0, untested: 0 }
  counts[kind][outcome]++
  if (flags.includes('--list') && outcome !== 'pass') {
    console.log(`${kind}\t${outcome}\t${test.id}\t${JSON.stringify(results[test.id])}`)
  }
}
for (const [kind, c] of Object.entries(counts)) {
  console.log(`${kind}: ${c.pass} passed, ${c.fail} failed, ${c.setup + c.depends + c.untested} not judged`)
}
process.exit(counts.required && counts.required.pass < Object.values(counts.required).reduce((a, b) => a + b) ? 1 : 0)
