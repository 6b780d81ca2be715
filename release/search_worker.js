// A page that lies in a folder may start no worker: its search runs in a hidden frame instead.
if (location.protocol === 'file:') {
  window.Worker = class extends EventTarget {
    constructor(address) {
      super();
      this.frame = document.createElement('iframe');
      this.frame.hidden = true;
      const script = `<script src="${new URL(address, location.href)}"></` + 'script>';
      this.frame.srcdoc = `<!doctype html><body><script>
        const outside = parent;
        window.postMessage = data => outside.postMessage({searchSays: data}, '*');
        window.importScripts = () => Promise.resolve();
      </` + `script>${script}`;
      this.loaded = new Promise(done => this.frame.addEventListener('load', done, {once: true}));
      addEventListener('message', event => {
        if (event.source !== this.frame.contentWindow || !event.data || !('searchSays' in event.data)) return;
        const said = new MessageEvent('message', {data: event.data.searchSays});
        this.dispatchEvent(said);
        if (this.onmessage) this.onmessage(said);
      });
      document.body.append(this.frame);
    }
    postMessage(data) {
      this.loaded.then(() => {
        const inside = this.frame.contentWindow;
        const told = new inside.MessageEvent('message', {data});
        inside.dispatchEvent(told);
      });
    }
    terminate() { this.frame.remove(); }
  };
}
