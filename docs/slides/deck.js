// Cuts each part of a lesson into slides that fit, measured here and now, then starts reveal.js.
const TALL = 688, LITTLE = 200; // pixels: of a slide's 720, and too few to begin a long text in

function cut(section) {
    const [header, ...blocks] = section.children, slides = [];
    let slide, notes = [], held = [], seconds = 0;

    function begin() {
        slide = document.createElement("section");
        slide.className = `present ${section.className} ${slides.length ? "more" : ""}`;
        slide.append(header.cloneNode(true));
        if (slides.length) slide.querySelector("h1, h2, h3").append(" …");
        section.before(slide);
        slides.push(slide);
    }
    const isFull = () => slide.offsetHeight > TALL;
    const fits = block => (slide.append(block), !isFull() || (block.remove(), false));

    // As a whole on this slide or the next, a long text in smaller letters; else cut. Returns where it begins.
    function put(block) {
        if (fits(block)) return slide;
        const before = slide.children.length > 1 && slide;
        if (before) {
            begin();
            if (fits(block)) return slide;
        }
        block.classList.add("small");
        if (fits(block)) return slide;
        block.classList.remove("small");
        if (before) {
            slides.pop().remove();
            slide = before;
        }
        if (block.matches(".cell, .group")) return [...block.children].map(put)[0];
        if (TALL - slide.offsetHeight < LITTLE || !block.matches("pre, ul, ol, table")) begin();
        const where = slide;
        block.matches("pre, ul, ol, table") ? putLines(block) : slide.append(block);
        return where;
    }
    function putLines(block) {
        const pieces = [...(block.tBodies?.[0] ?? block).children];
        pieces.forEach(piece => piece.remove());
        const shell = () => (slide.append(block.cloneNode(true)), slide.lastChild.tBodies?.[0] ?? slide.lastChild);
        let into = shell();
        for (const piece of pieces) {
            into.append(piece);
            if (!isFull()) continue;
            begin();
            into = shell();
            into.append(piece);
        }
    }
    function asNote(block) {
        const note = document.createElement("aside");
        note.className = "notes";
        block.style.overflowWrap = "anywhere"; // inside, as the notes' window takes no style of a page
        note.append(block);
        return note;
    }
    function addTime(some) {
        for (const one of some) one.dataset.timing = Number(one.dataset.timing ?? 0) + Math.round(seconds / some.length);
        seconds = 0;
    }

    function putHeld() {
        const group = document.createElement("div");
        group.className = "group";
        group.append(...held);
        const where = put(group);
        where.append(...notes); // what stands before a block is said when it is seen
        addTime(slides.slice(slides.indexOf(where)));
        notes = [], held = [];
    }

    begin();
    for (const block of blocks) {
        seconds += Number(block.dataset.seconds);
        if (block.className === "remark") {
            slide.append(asNote(block));
            addTime([slide]);
        }
        else if (block.className === "note") notes.push(asNote(block));
        else held.push(...block.children);
        if (!block.className) putHeld();
    }
    if (held.length) putHeld();
    slide.append(...notes);
    addTime([slide]);
    section.remove();
    // A picture takes the room that is left.
    for (slide of slides)
        for (const image of slide.querySelectorAll(".page > img:only-child")) {
            const least = image.offsetWidth, most = Math.min(1.6 * least, image.parentElement.clientWidth);
            image.style.maxHeight = "none";
            for (let wide = most; wide >= least; wide -= 10) {
                image.style.width = `${wide}px`;
                if (!isFull()) break;
                image.style.width = `${least}px`;
            }
        }
    return slides;
}

async function start() {
    const root = document.documentElement;
    root.classList.toggle("dark", matchMedia("(prefers-color-scheme: dark)").matches);
    await Promise.all([...document.images].map(image => image.decode().catch(() => {})));
    for (const line of document.querySelectorAll("pre > code")) // what is wrapped stays right of where its line begins
        line.style.setProperty("--begins", `${line.textContent.search(/\S|$/)}ch`);
    const sections = [...document.querySelectorAll(".slides > section")];
    const slides = sections.flatMap(cut);
    slides.forEach(slide => slide.classList.remove("present"));
    await Reveal.initialize({
        width: 1280, height: 720, margin: 0.02, center: false, hash: true, slideNumber: "c/t", transition: "none",
        totalTime: slides.reduce((sum, slide) => sum + Number(slide.dataset.timing ?? 0), 0), plugins: [RevealNotes],
    });
    Reveal.addKeyBinding({ keyCode: 68, key: "D", description: "Dark or light" }, () => root.classList.toggle("dark"));
}
start();
