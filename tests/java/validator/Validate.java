import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import ca.uhn.fhir.validation.SingleValidationMessage;
import com.google.gson.JsonObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;

/**
 * Validates FHIR R4 in .json and .ndjson files, directories of them, or NDJSON on standard input ("-"), and asks no
 * server. Prints each error, then errors and warnings by kind, and a summary; the exit status is 1 when there is an error, 2 when there was nothing to do.
 */
public final class Validate {
  private record Item(String name, String text) {}

  private record Outcome(Item item, List<SingleValidationMessage> issues) {}

  public static void main(String[] arguments) throws Exception {
    boolean json = false;
    List<Item> items = new ArrayList<>();
    for (String argument : arguments) {
      if (argument.equals("--json")) {
        json = true;
      } else if (argument.equals("-")) {
        lines("-", new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)), items);
      } else {
        collect(Path.of(argument), items);
      }
    }
    if (items.isEmpty()) {
      System.err.println("validate: no .json or .ndjson with anything in it among the paths given");
      System.exit(2);
    }

    FhirValidator validator = validator();
    ExecutorService workers = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
    List<Future<Outcome>> outcomes = new ArrayList<>();
    for (Item item : items) {
      Callable<Outcome> work = () -> new Outcome(item, validator.validateWithResult(item.text()).getMessages());
      outcomes.add(workers.submit(work));
    }
    int errors = 0;
    int warnings = 0;
    int faulty = 0;
    Map<String, Integer> kinds = new TreeMap<>();
    for (Future<Outcome> future : outcomes) {
      Outcome outcome = future.get();
      int before = errors;
      for (SingleValidationMessage issue : outcome.issues()) {
        boolean error = issue.getSeverity().compareTo(ResultSeverityEnum.ERROR) >= 0;
        if (error) {
          errors++;
          kinds.merge("error    " + kind(issue), 1, Integer::sum);
        } else if (issue.getSeverity() == ResultSeverityEnum.WARNING) {
          warnings++;
          kinds.merge("warning  " + kind(issue), 1, Integer::sum);
        }
        if (json) {
          System.out.println(line(outcome.item(), issue));
        } else if (error) {
          System.out.printf("%s: %s: %s%n", outcome.item().name(), issue.getLocationString(), issue.getMessage());
        }
      }
      if (errors > before) {
        faulty++;
      }
    }
    workers.shutdown();

    kinds.forEach((kind, count) -> System.err.printf("%6d  %s%n", count, kind));
    System.err.printf(
        "%d validated: %d errors in %d of them, %d warnings%n", items.size(), errors, faulty, warnings);
    System.exit(errors == 0 ? 0 : 1);
  }

  /** The validator's own name of the rule, with the value set that a code is not of, else what it says first. */
  private static String kind(SingleValidationMessage issue) {
    String id = issue.getMessageId();
    String text = issue.getMessage();
    if (id == null) {
      return text.split("\\. ", 2)[0];
    }
    return id.startsWith("Terminology_TX_NoValid") ? id + ": " + text.split("'")[1].strip() : id;
  }

  private static FhirValidator validator() {
    FhirContext context = FhirContext.forR4();
    FhirInstanceValidator rules =
        new FhirInstanceValidator(
            new ValidationSupportChain(
                new DefaultProfileValidationSupport(context),
                new CommonCodeSystemsTerminologyService(context),
                new InMemoryTerminologyServerValidationSupport(context)));
    return context.newValidator().registerValidatorModule(rules);
  }

  private static void collect(Path path, List<Item> items) throws IOException {
    List<Path> files;
    try (Stream<Path> walk = Files.walk(path)) {
      files = walk.filter(Files::isRegularFile).sorted().toList();
    }
    for (Path file : files) {
      String name = file.toString();
      if (name.endsWith(".ndjson")) {
        try (BufferedReader reader = Files.newBufferedReader(file)) {
          lines(name, reader, items);
        }
      } else if (name.endsWith(".json")) {
        json(file, items);
      }
    }
  }

  /** A .json file is one resource, or one a line when every line that has something is a whole object. */
  private static void json(Path file, List<Item> items) throws IOException {
    String text = Files.readString(file);
    List<String> lines = text.lines().filter(line -> !line.isBlank()).toList();
    if (lines.size() > 1 && lines.stream().allMatch(line -> line.startsWith("{\"resourceType\""))) {
      lines(file.toString(), new BufferedReader(new java.io.StringReader(text)), items);
    } else {
      items.add(new Item(file.toString(), text));
    }
  }

  private static void lines(String name, BufferedReader reader, List<Item> items) throws IOException {
    int number = 0;
    for (String line = reader.readLine(); line != null; line = reader.readLine()) {
      number++;
      if (!line.isBlank()) {
        items.add(new Item(name + ":" + number, line));
      }
    }
  }

  private static String line(Item item, SingleValidationMessage issue) {
    JsonObject line = new JsonObject();
    line.addProperty("file", item.name());
    line.addProperty("severity", issue.getSeverity().getCode());
    line.addProperty("location", issue.getLocationString());
    line.addProperty("id", issue.getMessageId());
    line.addProperty("text", issue.getMessage());
    return line.toString();
  }
}
