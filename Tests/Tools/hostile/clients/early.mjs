// Sends a file several times and prints each time the status that it read: early.mjs CLIENT URL FILE COUNT.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import http from 'node:http';

/** A file piped into the request, as most scripts do. */
async function byHTTP(url, path) {
  const headers = { 'Content-Length': (await stat(path)).size };
  return await new Promise((resolve, reject) => {
    const request = http.request(`${url}/stream-upload`, { method: 'POST', headers });
    // Errors of the request after its response do not matter.
    request.on('error', reject);
    request.on('response', (response) => {
      response.resume();
      response.on('end', () => {
        request.destroy();
        resolve(response.statusCode);
      });
      response.on('error', reject);
    });
    createReadStream(path).pipe(request);
  });
}

async function byFetch(url, path) {
  const body = createReadStream(path);
  const response = await fetch(`${url}/stream-upload`, { method: 'POST', body, duplex: 'half' });
  body.destroy();
  return response.status;
}

const clients = { http: byHTTP, fetch: byFetch };
const [client, url, path, count] = process.argv.slice(2);
for (let round = 0; round < Number(count); round += 1) {
  try {
    console.log(await clients[client](url, path));
  } catch (error) {
    console.log(`${error.cause?.code ?? error.code ?? error.name}: ${error.cause?.message ?? error.message}`);
  }
}
